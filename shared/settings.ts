// Reads settings by a convict schema from a YAML file and EVENKEEL_… variables; errors name unknown keys and bad values.
import { readFileSync } from 'node:fs';
import convict from 'convict';
import { parse } from 'yaml';
import { EvenkeelError, invalidField, messageOf } from './errors.ts';

/** A whole number in a closed range, with the range in the error. */
export function wholeNumber(min: number, max: number): (value: unknown) => void {
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw new Error(`must be a whole number from ${min} to ${max}`);
  };
}

/** A number in a closed range, with the range in the error. */
export function numberBetween(min: number, max: number): (value: unknown) => void {
  return (value) => {
    if (typeof value !== 'number' || !(value >= min && value <= max))
      throw new Error(`must be a number from ${min} to ${max}`);
  };
}

/** "address:port" with an IPv4, bracketed IPv6 or host name. */
export function addressAndPort(value: unknown): void {
  const match = typeof value === 'string' ? /^(\[[0-9a-fA-F:.]+\]|[^\s:]+):(\d{1,5})$/.exec(value) : null;
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65535)
    throw new Error('must be "address:port" with a port from 1 to 65535');
}

/** Security of gRPC connections; shared by all that listen or dial. */
export interface TlsSettings {
  readonly mode: 'mutual' | 'plaintext';
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Schema of `tls`, the same in each settings file. */
export const tlsSchema = {
  mode: {
    doc: 'mutual: both sides show a certificate signed by caFile. plaintext: no protection; accepted on loopback addresses only.',
    format: ['mutual', 'plaintext'],
    default: 'mutual',
    env: 'EVENKEEL_TLS_MODE',
  },
  caFile: {
    doc: 'PEM file of the authority that signs the certificates of agents, schedulers and operators.',
    format: String,
    default: '/etc/evenkeel/tls/ca.pem',
    env: 'EVENKEEL_TLS_CA_FILE',
  },
  certFile: {
    doc: "PEM file of this side's certificate.",
    format: String,
    default: '/etc/evenkeel/tls/cert.pem',
    env: 'EVENKEEL_TLS_CERT_FILE',
  },
  keyFile: {
    doc: 'PEM file of its private key; readable by the service only.',
    format: String,
    default: '/etc/evenkeel/tls/key.pem',
    env: 'EVENKEEL_TLS_KEY_FILE',
  },
} satisfies convict.Schema<TlsSettings>;

/** Addresses and credentials of NATS; shared by agent and scheduler. */
export interface NatsSettings {
  readonly servers: string[];
  readonly user: string;
  readonly passwordFile: string;
  readonly tokenFile: string;
  readonly credentialsFile: string;
  readonly caFile: string;
}

/** Schema of `nats`, the same in each settings file. */
export const natsSchema = {
  servers: {
    doc: 'NATS servers, "nats://address:port" or "tls://address:port"; all of one cluster. In the environment, separated by commas.',
    format: Array,
    default: ['nats://127.0.0.1:4222'],
    env: 'EVENKEEL_NATS_SERVERS',
  },
  user: {
    doc: 'NATS user, with passwordFile; empty for none.',
    format: String,
    default: '',
    env: 'EVENKEEL_NATS_USER',
  },
  passwordFile: {
    doc: "File with that user's password, readable by the service only; read at each connection.",
    format: String,
    default: '',
    env: 'EVENKEEL_NATS_PASSWORD_FILE',
  },
  tokenFile: {
    doc: 'File with a NATS token, readable by the service only; empty for none.',
    format: String,
    default: '',
    env: 'EVENKEEL_NATS_TOKEN_FILE',
  },
  credentialsFile: {
    doc: 'NATS credentials file (JWT and seed); empty for none.',
    format: String,
    default: '',
    env: 'EVENKEEL_NATS_CREDENTIALS_FILE',
  },
  caFile: {
    doc: "PEM file of the authority that signed the NATS servers' certificates, for tls:// addresses; empty for the system's authorities.",
    format: String,
    default: '',
    env: 'EVENKEEL_NATS_CA_FILE',
  },
} satisfies convict.Schema<NatsSettings>;

/** Throws INVALID_ARGUMENT, without the secret, for one in an address, and for settings that exclude each other. */
export function checkNats({ servers, user, passwordFile, tokenFile, credentialsFile }: NatsSettings): void {
  if (servers.some((server) => server.includes('@')))
    throw invalidField(
      'nats.servers',
      'must not hold a user, password or token; use nats.user and nats.passwordFile, nats.tokenFile, or nats.credentialsFile',
    );
  if ((user === '') !== (passwordFile === ''))
    throw invalidField('nats.user', 'needs nats.passwordFile, and that needs nats.user');
  if ([user, tokenFile, credentialsFile].filter((each) => each !== '').length > 1)
    throw invalidField('nats.user', 'give only one of nats.user, nats.tokenFile and nats.credentialsFile');
}

/** Schema of `logLevel`. */
export const logLevelSchema = {
  doc: 'Lowest level of log lines to write.',
  format: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'],
  default: 'info',
  env: 'EVENKEEL_LOG_LEVEL',
};

/**
 * Reads settings: defaults, then the file, then the environment.
 * Throws INVALID_ARGUMENT naming the file and each key that is unknown or has a bad value.
 */
export function loadSettings<T>(
  schema: convict.Schema<T>,
  file: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): T {
  const settings = convict(schema, { env, args: [] });
  if (file !== undefined) {
    try {
      settings.load(readYaml(file));
    } catch (error) {
      throw new EvenkeelError('INVALID_ARGUMENT', `read settings ${file}: ${messageOf(error)}`, error);
    }
  }
  try {
    settings.validate({ allowed: 'strict' });
  } catch (error) {
    const where = file === undefined ? 'environment' : `${file} or environment`;
    throw new EvenkeelError('INVALID_ARGUMENT', `settings (${where}): ${messageOf(error)}`, error);
  }
  return settings.getProperties();
}

function readYaml(file: string): object {
  const content: unknown = parse(readFileSync(file, 'utf8')) ?? {};
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new Error('must be a YAML mapping of settings, "key: value"');
  return content;
}
