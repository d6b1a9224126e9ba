// Starts the real nats-server and influxd for tests and benches: own port, own data folder, ended by their pid.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, connect as connectTo, type ListenOptions, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { until } from './until.ts';

// A cold influxd took 0.3 s here; a machine under full load may need much longer.
const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;

/** A server that can be stopped and started again with the same port and data. */
export interface Service {
  /** "nats://127.0.0.1:port" or "http://127.0.0.1:port". */
  readonly url: string;
  readonly port: number;
  /** undefined while stopped. */
  pid(): number | undefined;
  /** Starts it again after `stop` or `kill`, and waits until it answers. */
  start(): Promise<void>;
  /** Orderly end (SIGTERM). */
  stop(): Promise<void>;
  /** Sudden end (SIGKILL), as in a power failure. */
  kill(): Promise<void>;
  /** Ends it and removes its data. For a test's teardown. */
  remove(): Promise<void>;
}

/**
 * The reason why tests that need these programs cannot run here, for tap's `skip` option; false when they can.
 * With CI=true a missing program is an error: CI must not skip.
 */
export function skipWithout(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return false;
  const reason = `not installed: ${missing.join(', ')} (Debian packages nats-server, influxdb)`;
  if (process.env['CI'] === 'true') throw new Error(`${reason}; with CI=true nothing may be skipped`);
  return reason;
}

/** A nats-server with JetStream on a free loopback port. */
export async function startNats(): Promise<Service> {
  return startService('nats-server', 'nats', async (folder, port) => {
    const config = join(folder, 'nats.conf');
    await writeFile(
      config,
      [
        `listen: "127.0.0.1:${port}"`,
        `jetstream { store_dir: "${join(folder, 'data')}", max_mem: 64MB, max_file: 4GB }`,
      ].join('\n'),
    );
    return ['-c', config];
  });
}

/**
 * An influxd 1.x on a free loopback port; with `auth` it requires a user, but the first one may be created without.
 * `data` is added to its [data] section.
 */
export async function startInflux({ auth = false, data = '' } = {}): Promise<Service> {
  return startService('influxd', 'http', async (folder, port) => {
    const config = join(folder, 'influxdb.conf');
    await writeFile(
      config,
      [
        'reporting-disabled = true',
        `bind-address = "127.0.0.1:${await freePort()}"`,
        `[meta]\ndir = "${join(folder, 'meta')}"`,
        `[data]\ndir = "${join(folder, 'data')}"\nwal-dir = "${join(folder, 'wal')}"\nquery-log-enabled = false\n${data}`,
        '[monitor]\nstore-enabled = false',
        `[http]\nbind-address = "127.0.0.1:${port}"\nlog-enabled = false\nauth-enabled = ${auth}`,
        '[continuous_queries]\nlog-enabled = false',
      ].join('\n'),
    );
    return ['-config', config];
  });
}

async function startService(
  program: string,
  protocol: string,
  configure: (folder: string, port: number) => Promise<string[]>,
): Promise<Service> {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`start ${program}: not installed`);
  const folder = await mkdtemp(join(tmpdir(), `evenkeel-${program}-`));
  const port = await freePort();
  const options = await configure(folder, port);
  const logFile = join(folder, 'log');
  let child: ChildProcess | undefined;
  // A test that ends without its teardown must leave neither server nor data behind.
  const endWithUs = (): void => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', endWithUs);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending !== undefined) await endProcess(ending, signal);
  };
  const start = async (): Promise<void> => {
    if (child !== undefined) return;
    child = await launch(path, options, logFile);
    await waitUntilListening(child, port, program, logFile);
  };
  await start();
  return {
    url: `${protocol}://127.0.0.1:${port}`,
    port,
    pid: () => child?.pid,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    remove: async () => {
      process.removeListener('exit', endWithUs);
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function launch(path: string, options: string[], logFile: string): Promise<ChildProcess> {
  const log = await open(logFile, 'a');
  const child = spawn(path, options, { stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  return child;
}

async function waitUntilListening(
  child: ChildProcess,
  port: number,
  program: string,
  logFile: string,
): Promise<void> {
  const deadlineAtMs = performance.now() + READY_TIMEOUT_MS;
  while (!(await isListening({ host: '127.0.0.1', port }))) {
    if (child.exitCode !== null || performance.now() > deadlineAtMs) {
      child.kill('SIGKILL');
      const log = await readFile(logFile, 'utf8');
      throw new Error(
        `start ${program} on port ${port}: does not listen; its log ends:\n${log.slice(-2000)}`,
      );
    }
    await delay(20);
  }
}

/** Waits for the end, so that port and data are free afterwards. */
async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  child.kill(signal);
  const insist = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(insist);
}

/** Stands in for a server that is down: ends every connection at once, until so many came. Then the address is free again. */
export async function untilRefused(address: ListenOptions, connections: number): Promise<void> {
  let refused = 0;
  // A killed server leaves its socket behind, which nobody else can then bind.
  if (address.path !== undefined) rmSync(address.path, { force: true });
  const server = createServer((socket) => {
    socket.destroy();
    refused += 1;
  }).listen(address);
  await once(server, 'listening');
  await until(`${connections} connections`, () => refused >= connections);
  server.close();
  await once(server, 'close');
}

/** Whether a connection is taken there at this moment. */
export function isListening(address: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

/** A loopback port on which no process listens now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('find a free port: no address'));
      });
    });
  });
}

/** Debian puts servers in /usr/sbin, which a plain user's PATH leaves out. */
function findProgram(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
