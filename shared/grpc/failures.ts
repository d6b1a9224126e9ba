// Translates failures of gRPC calls into EvenkeelErrors: keeps our servers' texts, rewords those of the library.
import { status, type ServiceError } from '@grpc/grpc-js';
import { EvenkeelError, messageOf, type ErrorCode } from '../errors.ts';

/** The process that is called. */
export interface Peer {
  /** Also the name of its systemd unit. */
  readonly daemon: 'evenkeel-agent' | 'evenkeel-scheduler';
  /** "address:port" */
  readonly address: string;
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  [status.CANCELLED]: 'CANCELLED',
  [status.INVALID_ARGUMENT]: 'INVALID_ARGUMENT',
  [status.DEADLINE_EXCEEDED]: 'DEADLINE_EXCEEDED',
  [status.NOT_FOUND]: 'NOT_FOUND',
  [status.ALREADY_EXISTS]: 'ALREADY_EXISTS',
  [status.PERMISSION_DENIED]: 'PERMISSION_DENIED',
  [status.RESOURCE_EXHAUSTED]: 'RESOURCE_EXHAUSTED',
  [status.FAILED_PRECONDITION]: 'FAILED_PRECONDITION',
  [status.ABORTED]: 'ABORTED',
  [status.UNIMPLEMENTED]: 'UNIMPLEMENTED',
  [status.INTERNAL]: 'INTERNAL',
  [status.UNAVAILABLE]: 'UNAVAILABLE',
  [status.UNAUTHENTICATED]: 'UNAUTHENTICATED',
};

/** Keeps the code; the text begins with `what`. */
export function callFailure(what: string, peer: Peer, error: unknown): EvenkeelError {
  // A call on a closed connection throws an Error without a code.
  if (messageOf(error) === 'Channel has been shut down')
    return new EvenkeelError('UNAVAILABLE', `${what}: ${closedHere(peer)}`, error);
  if (!isServiceError(error)) return new EvenkeelError('UNKNOWN', `${what}: ${messageOf(error)}`, error);
  const code = CODES[error.code] ?? 'UNKNOWN';
  return new EvenkeelError(code, `${what}: ${inOurWords(code, error.details, peer)}`, error);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

/**
 * grpc-js gives its own failures the same codes as a server's, so only the texts distinguish them. All texts of
 * grpc-js 1.14 are covered: load-balancer-pick-first, resolver-dns, resolving-call, subchannel-call, internal-channel.
 */
function inOurWords(code: ErrorCode, details: string, peer: Peer): string {
  const { address, daemon } = peer;
  if (code === 'UNAVAILABLE') return unavailable(details, peer);
  if (code === 'DEADLINE_EXCEEDED' && details.startsWith('Deadline exceeded'))
    return /waiting for (LB pick|name resolution)/i.test(details)
      ? `no connection to ${address} in time; ${CHECK_NETWORK}`
      : `no answer from ${address} in time; the outcome is unknown, look before repeating`;
  if (code === 'CANCELLED' && details === 'Cancelled on client') return 'cancelled by the caller';
  // The stream was reset with CANCEL, for example by a server that is stopping.
  if (code === 'CANCELLED' && details === 'Call cancelled')
    return `${address} ended the call; is ${daemon} there stopping?`;
  if (code === 'INTERNAL' && details.startsWith('Received RST_STREAM'))
    return `${address} aborted the call (${details}); see the log of ${daemon} there`;
  return details;
}

const CHECK_NETWORK = 'check that the machine is up and that no firewall blocks the port';

function unavailable(details: string, peer: Peer): string {
  if (details === 'Channel closed before call started') return closedHere(peer);
  const dialled = /^No connection established\. Last error: (.*)\. Resolution note: .*$/s.exec(details)?.[1];
  if (dialled !== undefined) return notConnected(dialled, peer);
  if (/^(Name resolution failed for target|Failed to parse DNS address) /.test(details))
    return `the name in ${peer.address} was not found; check the address and DNS`;
  if (details.startsWith('Received HTTP status code'))
    return `${peer.address} does not speak gRPC (${details}); is the port right?`;
  if (LOST.test(details))
    return `the connection to ${peer.address} was lost; check that ${peer.daemon} still runs there, and the network`;
  return details;
}

// A failed read or write has Node's own text: "read ECONNRESET".
const LOST =
  /^(Connection dropped$|Stream refused by server$|Write failed with error |(read|write) E[A-Z]+$)/;

function closedHere({ address }: Peer): string {
  return `the connection to ${address} was closed on this side; try again`;
}

/** grpc-js passes on only the text of the error that ended the dial: "Error: connect ECONNREFUSED 10.0.0.1:7443". */
function notConnected(error: string, peer: Peer): string {
  const errno = /\b(E[A-Z]{4,}|EAI_[A-Z]+)\b/.exec(error)?.[1] ?? '';
  return BY_ERRNO[errno]?.(peer, errno) ?? handshakeFailed(error, peer);
}

type Words = (peer: Peer, errno: string) => string;

const noRoute: Words = ({ address }, errno) =>
  `no route to ${address} (${errno}); check the address and the network`;
const noName: Words = ({ address }, errno) =>
  `the name in ${address} was not found (${errno}); check the address and DNS`;
const reset: Words = ({ address, daemon }) =>
  `${address} reset the connection; is the port right, and is ${daemon} there starting or stopping?`;

// System errors of connect(2), and of getaddrinfo(3) by Node's names.
const BY_ERRNO: Readonly<Record<string, Words>> = {
  ECONNREFUSED: ({ address, daemon }) =>
    `connection to ${address} refused; check that ${daemon} runs there and listens on that address`,
  ETIMEDOUT: ({ address }) => `no answer from ${address}; ${CHECK_NETWORK}`,
  EHOSTUNREACH: noRoute,
  EHOSTDOWN: noRoute,
  ENETUNREACH: noRoute,
  ENETDOWN: noRoute,
  ENOTFOUND: noName,
  EAI_AGAIN: noName,
  ECONNRESET: reset,
  EPIPE: reset,
};

/** TLS failures, as Node and OpenSSL word them (X509_verify_cert_error_string(3)), and those of credentials.ts. */
function handshakeFailed(error: string, { address, daemon }: Peer): string {
  const cause = error.replace(/^Error(?: \[\w+\])?: /, '').replace(/ \(\d{4}-[\d:.TZ-]+\)$/, '');
  if (cause.endsWith('shows another certificate than its host reported'))
    return `${cause}; is the address right? A new certificate is reported only after ${daemon} there has restarted`;
  if (error.includes('ERR_TLS_CERT_ALTNAME_INVALID'))
    return `the certificate of ${address} is for another name; use a name or address that the certificate contains`;
  if (/certificate (has expired|is not yet valid)|CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(error))
    return `the certificate of ${address} is expired or not yet valid; renew it there, and check both clocks`;
  if (/\balert\b/.test(error))
    return `${address} refused our certificate; is it signed by the authority in its tls.caFile, and not expired?`;
  if (/self-signed|unable to (get|verify)|certificate|CERT_/i.test(error))
    return `the certificate of ${address} is not trusted (${cause}); check that it is signed by the authority in tls.caFile`;
  if (/wrong version number|packet length too long|EPROTO|Protocol error/.test(error))
    return `${address} does not speak ${error.startsWith('Protocol error') ? 'gRPC' : 'TLS'}; is the port right, and tls.mode the same on both sides?`;
  if (/^Failed to connect|socket disconnected before|^Socket closed|^Connection closed/.test(cause))
    return `${address} closed the connection during the handshake; does it trust our certificate, and is tls.mode the same on both sides?`;
  // "null": no dial was tried yet.
  const why = cause === 'null' ? '' : `: ${cause}`;
  return `no connection to ${address}${why}; check that ${daemon} runs there`;
}
