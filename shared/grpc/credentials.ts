// Makes gRPC credentials from the tls settings: mutual TLS, or plain text on loopback only.
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { EvenkeelError, messageOf } from '../errors.ts';
import type { TlsSettings } from '../settings.ts';

interface TlsMaterial {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Credentials for listening on `address` ("address:port"). Clients without a certificate from our authority are refused. */
export function serverCredentials(tls: TlsSettings, address: string): ServerCredentials {
  if (tls.mode === 'plaintext') {
    refuseBeyondLoopback('listen', address);
    return ServerCredentials.createInsecure();
  }
  const { ca, cert, key } = readMaterial(tls);
  return ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true);
}

/**
 * Credentials for dialling `address`. With `certificateSha256` (from a host's report) the peer must show exactly that
 * certificate: if any certificate from our authority were enough, one host could pose as another.
 */
export function channelCredentials(
  tls: TlsSettings,
  address: string,
  certificateSha256?: string,
): ChannelCredentials {
  if (tls.mode === 'plaintext') {
    refuseBeyondLoopback('dial', address);
    return ChannelCredentials.createInsecure();
  }
  const { ca, cert, key } = readMaterial(tls);
  return ChannelCredentials.createSsl(ca, key, cert, {
    checkServerIdentity: (host, peer) => {
      if (certificateSha256 === undefined) return checkServerIdentity(host, peer);
      return sha256(peer.raw) === certificateSha256
        ? undefined
        : new Error(`${address} shows another certificate than its host reported`);
    },
  });
}

/** SHA-256 of our own certificate in DER, in lower-case hex; empty in plain text mode. */
export function ownCertificateSha256(tls: TlsSettings): string {
  if (tls.mode === 'plaintext') return '';
  return sha256(new X509Certificate(readMaterial(tls).cert).raw);
}

function sha256(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

function readMaterial(tls: TlsSettings): TlsMaterial {
  return {
    ca: readPem('tls.caFile', tls.caFile),
    cert: readPem('tls.certFile', tls.certFile),
    key: readPem('tls.keyFile', tls.keyFile),
  };
}

function readPem(setting: string, file: string): Buffer {
  try {
    const pem = readFileSync(file);
    if (!pem.includes('-----BEGIN ')) throw new Error('does not contain a PEM block');
    return pem;
  } catch (error) {
    throw new EvenkeelError(
      'INVALID_ARGUMENT',
      `${setting} ${file}: ${messageOf(error)}; give the PEM file, or set tls.mode to plaintext on loopback`,
      error,
    );
  }
}

function refuseBeyondLoopback(verb: string, address: string): void {
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))) return;
  throw new EvenkeelError(
    'INVALID_ARGUMENT',
    `tls.mode: plaintext may ${verb} on loopback only, not on ${address}; set tls.mode to mutual`,
  );
}
