// Opens the byte stream to libvirtd: unix socket, TCP or TLS.
import { readFile } from 'node:fs/promises';
import { connect as connectSocket, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { LibvirtConnectionError } from './errors.ts';

export type LibvirtTarget =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'tls';
      readonly host: string;
      readonly port: number;
      readonly caFile: string;
      readonly certFile: string;
      readonly keyFile: string;
    };

/** A server that accepts the client's certificate sends this byte inside TLS; otherwise it closes the connection. */
const TLS_VERIFIED = 0x01;

/** Opens the stream, ready for the first packet. `signal` ends the attempt. Failures are LibvirtConnectionErrors that name the target. */
export async function openTransport(target: LibvirtTarget, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  switch (target.kind) {
    case 'unix':
      return untilEvent(connectSocket({ path: target.path }), 'connect', target, signal);
    case 'tcp':
      return untilEvent(
        connectSocket({ host: target.host, port: target.port, noDelay: true }),
        'connect',
        target,
        signal,
      );
    case 'tls':
      return openTls(target, signal);
  }
}

export function describeTarget(target: LibvirtTarget): string {
  return target.kind === 'unix'
    ? `unix socket ${target.path}`
    : `${target.kind} ${target.host}:${target.port}`;
}

type TlsTarget = Extract<LibvirtTarget, { kind: 'tls' }>;

async function openTls(target: TlsTarget, signal: AbortSignal): Promise<TLSSocket> {
  const [ca, cert, key] = await Promise.all([
    readCredential('CA certificate', target.caFile, signal),
    readCredential('client certificate', target.certFile, signal),
    readCredential('client key', target.keyFile, signal),
  ]);
  // A server name must not be an IP address (RFC 6066); Node checks addresses against the certificate all the same.
  const name = isIP(target.host) === 0 ? { servername: target.host } : {};
  let socket: TLSSocket;
  try {
    const { host, port } = target;
    socket = connectTls({ host, port, ca, cert, key, minVersion: 'TLSv1.2', ...name });
  } catch (error) {
    throw new LibvirtConnectionError(
      `connect to ${describeTarget(target)}: ${textOf(error)}; check ${target.certFile} and ${target.keyFile}`,
      { cause: error },
    );
  }
  await untilEvent(socket, 'secureConnect', target, signal);
  socket.setNoDelay(true);
  await untilVerified(socket, target, signal);
  return socket;
}

/** With TLS 1.3 our handshake succeeds before the server has looked at our certificate: a refusal shows only here. */
async function untilVerified(socket: TLSSocket, target: TlsTarget, signal: AbortSignal): Promise<void> {
  const refused = (cause?: unknown): LibvirtConnectionError =>
    new LibvirtConnectionError(
      `connect to ${describeTarget(target)}: the server did not accept the client certificate ${target.certFile}; ` +
        `check which CA signed it, and tls_allowed_dn_list in the server's libvirtd.conf`,
      { cause },
    );
  try {
    await untilEvent(socket, 'readable', target, signal);
  } catch (error) {
    throw error instanceof LibvirtConnectionError ? refused(error) : error;
  }
  const first: unknown = socket.read(1);
  if (!Buffer.isBuffer(first) || first[0] !== TLS_VERIFIED) {
    socket.destroy();
    throw refused();
  }
}

async function readCredential(what: string, path: string, signal: AbortSignal): Promise<Buffer> {
  try {
    return await readFile(path, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new LibvirtConnectionError(`read ${what} ${path}: ${textOf(error)}`, { cause: error });
  }
}

/** Waits for `event` of a socket that is being opened; destroys the socket if anything else happens first. */
function untilEvent<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect' | 'readable',
  target: LibvirtTarget,
  signal: AbortSignal,
): Promise<S> {
  // Never removed: an error between two waits, or while the socket closes, must find a listener or it ends the process.
  socket.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    const stopListening = (): void => {
      socket.off(event, onOpen).off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      stopListening();
      socket.destroy();
      reject(error);
    };
    const onOpen = (): void => {
      stopListening();
      resolve(socket);
    };
    const onError = (error: Error): void => {
      fail(refusal(target, error));
    };
    const onClose = (): void => {
      fail(new LibvirtConnectionError(`connect to ${describeTarget(target)}: closed by the server`));
    };
    const onAbort = (): void => {
      const reason: unknown = signal.reason;
      fail(
        reason instanceof Error
          ? reason
          : new LibvirtConnectionError(`connect to ${describeTarget(target)}: aborted`),
      );
    };
    socket.on(event, onOpen).on('error', onError).on('close', onClose);
    signal.addEventListener('abort', onAbort);
  });
}

function refusal(target: LibvirtTarget, error: Error): LibvirtConnectionError {
  return new LibvirtConnectionError(
    `connect to ${describeTarget(target)}: ${error.message}${advice(target, error)}`,
    { cause: error },
  );
}

function advice(target: LibvirtTarget, error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (target.kind === 'tls' && /CERT|SIGNATURE|ISSUER/.test(code)) {
    return `; check that ${target.caFile} signed the server's certificate, and that the certificate is for this name`;
  }
  switch (code) {
    case 'ENOENT':
      return '; is libvirtd (or virtqemud) installed and its socket unit started?';
    case 'ECONNREFUSED':
      return target.kind === 'unix'
        ? '; is libvirtd running?'
        : `; does libvirtd listen there (libvirtd-${target.kind}.socket)?`;
    case 'EACCES':
      return '; add this user to the group "libvirt"';
    default:
      return '';
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
