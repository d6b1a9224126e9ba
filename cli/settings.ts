// Finds the scheduler's address and the certificates: from options, then the environment, then the usual folders.
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { badValue } from './failure.ts';

/** Global options as parsed by commander. */
export interface GlobalOptions {
  readonly scheduler?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly plaintext?: boolean;
  readonly json?: boolean;
  readonly timeout?: string;
}

export interface ConnectionSettings {
  /** "address:port". */
  readonly address: string;
  readonly tls: {
    readonly mode: 'mutual' | 'plaintext';
    readonly caFile: string;
    readonly certFile: string;
    readonly keyFile: string;
  };
}

// The scheduler's default port (scheduler/config.ts).
const DEFAULT_SCHEDULER = '127.0.0.1:7444';
const SYSTEM_FOLDER = '/etc/evenkeel/tls';

/** Resolves address and certificates. When a file is missing, the error names the option to give. */
export function connectionSettings(options: GlobalOptions, env: NodeJS.ProcessEnv): ConnectionSettings {
  const [from, address] = settle(
    ['--scheduler', options.scheduler],
    ['EVENKEEL_SCHEDULER', env['EVENKEEL_SCHEDULER']],
    ['--scheduler', DEFAULT_SCHEDULER],
  );
  if (!isAddress(address))
    throw badValue(
      `${from} "${address}"`,
      'must be HOST:PORT with a port from 1 to 65535, for example 10.0.0.5:7444 or [fd00::5]:7444',
    );
  const plaintext = options.plaintext ?? env['EVENKEEL_TLS_MODE'] === 'plaintext';
  if (plaintext) {
    refuseBeyondLoopback(address);
    return { address, tls: { mode: 'plaintext', caFile: '', certFile: '', keyFile: '' } };
  }
  return { address, tls: { mode: 'mutual', ...tlsFiles(options, env) } };
}

/** Checked before dialling, so that a typo is not reported as a network failure. */
function isAddress(address: string): boolean {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  return match !== null && port >= 1 && port <= 65_535;
}

function settle(
  ...sources: readonly (readonly [string, string | undefined])[]
): readonly [source: string, value: string] {
  for (const [source, value] of sources) if (value !== undefined && value !== '') return [source, value];
  return ['', ''];
}

function refuseBeyondLoopback(address: string): void {
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)) return;
  throw badValue(
    '--plaintext',
    `works with a scheduler on this machine only (127.0.0.1), not with ${address}; leave it out and give --ca, --cert and --key`,
  );
}

function tlsFiles(
  options: GlobalOptions,
  env: NodeJS.ProcessEnv,
): { caFile: string; certFile: string; keyFile: string } {
  const folders = [join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'evenkeel'), SYSTEM_FOLDER];
  // Certificate and key come from the same folder; the authority may come from the system's.
  const own = folders.find((folder) => isReadable(join(folder, 'cert.pem'))) ?? SYSTEM_FOLDER;
  const authority = folders.find((folder) => isReadable(join(folder, 'ca.pem'))) ?? SYSTEM_FOLDER;
  const file = (option: string, given: string | undefined, variable: string, usual: string): string => {
    const [from, path] = settle([option, given], [variable, env[variable]], [option, usual]);
    if (isReadable(path)) return path;
    throw badValue(
      `${from} ${path}`,
      `cannot be read; give the PEM files with --ca, --cert and --key, or put ca.pem, cert.pem and key.pem ` +
        `into ${folders.join(' or ')}; for a scheduler on this machine without TLS: --plaintext`,
    );
  };
  return {
    caFile: file('--ca', options.ca, 'EVENKEEL_TLS_CA_FILE', join(authority, 'ca.pem')),
    certFile: file('--cert', options.cert, 'EVENKEEL_TLS_CERT_FILE', join(own, 'cert.pem')),
    keyFile: file('--key', options.key, 'EVENKEEL_TLS_KEY_FILE', join(own, 'key.pem')),
  };
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** "--timeout": seconds, or with a unit: "500ms", "30s", "2m", "1h". */
export function parseTimeoutMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's'] ?? 0;
  const timeoutMs = Math.round(Number(match?.[1]) * unitMs);
  // A day is longer than any call takes; setTimeout overflows at 24.8 days.
  if (!(timeoutMs >= 1 && timeoutMs <= 86_400_000))
    throw badValue(`--timeout "${text}"`, 'must be a time from 1ms to 24h, for example 30, 30s or 2m');
  return timeoutMs;
}
