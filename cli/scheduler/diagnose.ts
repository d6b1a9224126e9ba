// Finds out why the scheduler could not be reached, by dialling it again without gRPC, which hides the cause.
import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SECOND_MS } from '../../shared/units.ts';
import type { ConnectionSettings } from '../settings.ts';

// Long enough for a slow network, short enough for an operator who already waited for the first dial.
const PROBE_TIMEOUT_MS = 3 * SECOND_MS;
// With TLS 1.3 the server refuses our certificate only after our side of the handshake is done: one more round trip.
const REFUSAL_WAIT_MS = 500;

/** One sentence with the cause and what to do. */
export async function explainUnreachable(settings: ConnectionSettings): Promise<string> {
  const cause = await causeOf(settings);
  return `cannot reach the scheduler at ${settings.address}: ${cause}`;
}

async function causeOf({ address, tls }: ConnectionSettings): Promise<string> {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const tcp = await dial(() => connectTcp({ host, port }), 'connect', 0);
  if (tcp !== undefined) return tcpCause(tcp, host, port);
  if (tls.mode === 'plaintext')
    return 'something listens there, but it is not a scheduler without TLS; is the port right? If the scheduler uses TLS, leave out --plaintext';
  const secure = await dial(
    () =>
      connectTls({
        host,
        port,
        ca: readFileSync(tls.caFile),
        cert: readFileSync(tls.certFile),
        key: readFileSync(tls.keyFile),
        ALPNProtocols: ['h2'],
        ...(isIP(host) === 0 ? { servername: host } : {}),
      }),
    'secureConnect',
    REFUSAL_WAIT_MS,
  );
  if (secure !== undefined) return tlsCause(secure, host, tls.caFile, tls.certFile);
  return 'something listens there with TLS, but it does not speak gRPC; is the port right? The default is 7444';
}

/** The code of the error that ended the dial; undefined when it succeeded. */
function dial(open: () => Socket, readyEvent: string, lingerMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = open();
    const end = (code: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(code);
    };
    let timer = setTimeout(() => {
      end('ETIMEDOUT');
    }, PROBE_TIMEOUT_MS);
    socket.on('error', (error) => {
      end('code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN');
    });
    socket.on('close', () => {
      end('ECONNRESET');
    });
    socket.once(readyEvent, () => {
      clearTimeout(timer);
      if (lingerMs === 0) end(undefined);
      else
        timer = setTimeout(() => {
          end(undefined);
        }, lingerMs);
    });
    // Unless the socket is read, neither the server's alert nor its close is noticed.
    socket.resume();
  });
}

function tcpCause(code: string, host: string, port: number): string {
  const where = 'give its address with --scheduler HOST:PORT or EVENKEEL_SCHEDULER';
  switch (code) {
    case 'ECONNREFUSED':
      return `connection refused: nothing listens on port ${port}. Start it there (systemctl start evenkeel-scheduler), or ${where}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} cannot be resolved (${code}); ${where}`;
    case 'ETIMEDOUT':
      return `no answer; is the address right, the machine up and port ${port} open in the firewall?`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `no route to ${host} (${code}); is the address right and the network up?`;
    default:
      return `${code}; ${where}`;
  }
}

function tlsCause(code: string, host: string, caFile: string, certFile: string): string {
  if (UNTRUSTED.has(code))
    return `its certificate is not signed by the authority in ${caFile} (${code}); give the right one with --ca`;
  if (NOT_TLS.has(code))
    return 'what listens there does not speak TLS; is the port right? For a scheduler on this machine without TLS: --plaintext';
  switch (code) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `its certificate is expired or not yet valid (${code}); renew it on the scheduler, and check both clocks`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate does not name ${host}; use a name or address that the certificate contains`;
    case 'ETIMEDOUT':
      return 'something listens there, but it does not answer; is the port right, and is the scheduler healthy (systemctl status evenkeel-scheduler)?';
    default:
      // A server refuses our certificate with one of several alerts, or with a plain reset.
      return `it closed the connection during the TLS handshake (${code}); is ${certFile} signed by the scheduler's authority and not expired? Or is the port wrong?`;
  }
}

// Codes of OpenSSL's verification, X509_STORE_CTX_get_error(3).
const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
]);
// OpenSSL's errors for bytes that are not a TLS record.
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO']);
