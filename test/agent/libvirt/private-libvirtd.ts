// Starts a private libvirtd for a test: session mode, unprivileged user, all files in a temporary directory, ended by pid.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LibvirtTarget } from '../../../agent/libvirt/transport.ts';
import { freePort, isListening } from '../../services.ts';

/** libvirtd chooses session mode by not being root; this user exists on every Debian machine. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const LIBVIRTD = '/usr/sbin/libvirtd';
const QEMU = '/usr/bin/qemu-system-x86_64';
/** Makes the certificates of the tests over TLS. */
const OPENSSL = '/usr/bin/openssl';
/** libvirtd probes QEMU at its first start, for seconds; many times that on a loaded machine. */
const START_MS = 120_000;
const STOP_MS = 5000;
// A test runs one or two migrations at once; the rest is for ports that other programs take.
const MIGRATION_PORTS = 8;

export interface PrivateLibvirtd {
  readonly directory: string;
  readonly target: LibvirtTarget;
  /** Path of its unix socket. */
  readonly socket: string;
  /** As `virsh -c` takes it; the daemon's environment must be set too. */
  readonly environment: NodeJS.ProcessEnv;
  readonly pid: () => number;
  start(): Promise<void>;
  /** Ends the daemon only; its domains keep running. SIGKILL by default. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Process of a running domain. */
  qemuPid(name: string): number;
  /** Ends the daemon and every QEMU that it started, and removes the directory. */
  stop(): Promise<void>;
}

export interface PrivateLibvirtdOptions {
  /** Extra lines of libvirtd.conf. */
  readonly config?: readonly string[];
  /** Extra lines of qemu.conf. */
  readonly qemuConfig?: readonly string[];
  /** The loopback port of TCP or TLS that `config` tells it to listen on too. */
  readonly listenPort?: number;
}

/** The reason why no libvirtd can be started here; undefined if one can. With CI=true a missing part is an error. */
export function whyNoLibvirtd(): string | undefined {
  const missing = [LIBVIRTD, QEMU, OPENSSL].filter((path) => !existsSync(path));
  if (missing.length === 0) {
    return undefined;
  }
  const reason = `${missing.join(' and ')} missing: apt-get install libvirt-daemon-system qemu-system-x86 openssl`;
  if (process.env['CI'] === 'true') {
    throw new Error(reason);
  }
  return reason;
}

/** A separate range for each libvirtd, since all tests share this machine and would take each other's ports. */
async function migrationPorts(): Promise<string[]> {
  const first = await freePort();
  return [`migration_port_min = ${first}`, `migration_port_max = ${first + MIGRATION_PORTS}`];
}

/** Starts one and waits until it takes connections. */
export async function startPrivateLibvirtd(options: PrivateLibvirtdOptions = {}): Promise<PrivateLibvirtd> {
  // Short, because a unix socket's path has at most 107 characters.
  const directory = mkdtempSync(join(tmpdir(), 'ekvirt-'));
  const run = join(directory, 'run');
  const config = join(directory, 'config');
  for (const path of [run, config, join(config, 'libvirt'), join(directory, 'images')]) {
    mkdirSync(path, { mode: 0o700 });
  }
  writeFileSync(join(config, 'libvirt', 'libvirtd.conf'), lines(options.config));
  writeFileSync(
    join(config, 'libvirt', 'qemu.conf'),
    lines([
      'stdio_handler = "file"',
      'security_driver = "none"',
      ...(await migrationPorts()),
      ...(options.qemuConfig ?? []),
    ]),
  );
  giveAway(directory);
  const environment = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: directory,
    XDG_RUNTIME_DIR: run,
    XDG_CONFIG_HOME: config,
    XDG_CACHE_HOME: join(directory, 'cache'),
    XDG_DATA_HOME: join(directory, 'data'),
  };
  const daemon = new Daemon(directory, environment, options.listenPort);
  try {
    await daemon.start();
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return daemon;
}

/**
 * Starts one that other daemons may migrate guests to, over TCP on loopback; `uri` is the address under which they
 * connect. With its own host UUID, libvirt treats it as a different host.
 */
export async function startMigratingLibvirtd(): Promise<PrivateLibvirtd & { readonly uri: string }> {
  const port = await freePort();
  const daemon = await startPrivateLibvirtd({
    listenPort: port,
    config: [
      'listen_tls = 0',
      'listen_tcp = 1',
      'listen_addr = "127.0.0.1"',
      'auth_tcp = "none"',
      `tcp_port = "${port}"`,
      `host_uuid = "${randomUUID()}"`,
    ],
  });
  return Object.assign(daemon, { uri: `qemu+tcp://127.0.0.1:${port}/session` });
}

class Daemon implements PrivateLibvirtd {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly target: LibvirtTarget;
  readonly #arguments: readonly string[];
  readonly socket: string;
  readonly #port: number | undefined;
  #process: ChildProcess | undefined;

  constructor(directory: string, environment: NodeJS.ProcessEnv, port: number | undefined) {
    this.directory = directory;
    this.environment = environment;
    this.socket = join(directory, 'run', 'libvirt', 'libvirt-sock');
    this.#port = port;
    this.target = { kind: 'unix', path: this.socket };
    this.#arguments = [
      '--config',
      join(directory, 'config', 'libvirt', 'libvirtd.conf'),
      ...(port === undefined ? [] : ['--listen']),
    ];
  }

  pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) {
      throw new Error('this libvirtd is not running');
    }
    return pid;
  }

  async start(): Promise<void> {
    const identity = isRoot() ? NOBODY : {};
    // Of a daemon that was killed.
    rmSync(this.socket, { force: true });
    const child = spawn(LIBVIRTD, this.#arguments, {
      env: this.environment,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...identity,
    });
    this.#process = child;
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000);
    });
    const deadline = Date.now() + START_MS;
    while (!(await this.#takesConnections())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`libvirtd did not come up: ${errors}`);
      }
      await delay(20);
    }
  }

  /** At its socket, and at its port, which it opens later. */
  async #takesConnections(): Promise<boolean> {
    if (!(await isListening({ path: this.socket }))) return false;
    return this.#port === undefined || isListening({ host: '127.0.0.1', port: this.#port });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const exit = once(child, 'exit');
    child.kill(signal);
    const hard = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exit;
    clearTimeout(hard);
  }

  qemuPid(name: string): number {
    return Number(readFileSync(join(this.directory, 'run', 'libvirt', 'qemu', 'run', `${name}.pid`), 'utf8'));
  }

  async stop(): Promise<void> {
    await this.kill('SIGTERM');
    for (const pid of this.#qemuPids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has already ended.
      }
    }
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  /** By the daemon's own pid files, each checked to be a QEMU of this directory. */
  #qemuPids(): number[] {
    const files = execFileSync('find', [join(this.directory, 'run'), '-name', '*.pid', '-path', '*qemu*'], {
      encoding: 'utf8',
    });
    return files
      .split('\n')
      .filter((path) => path !== '')
      .map((path) => Number(readFileSync(path, 'utf8')))
      .filter((pid) => this.#isOurs(pid));
  }

  #isOurs(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.directory);
    } catch {
      return false;
    }
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function lines(text: readonly string[] | undefined): string {
  return (text ?? []).map((line) => `${line}\n`).join('');
}

/** Hands files over to the user that the daemon runs as. */
export function giveAway(path: string): void {
  if (isRoot()) {
    execFileSync('chown', ['-R', `${NOBODY.uid}:${NOBODY.gid}`, path]);
    chownSync(path, NOBODY.uid, NOBODY.gid);
  }
}

/** The smallest guest: a paused or idle QEMU without disk or kernel. */
export function tinyGuest(name: string, extra = ''): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>${QEMU}</emulator>
    <memballoon model='virtio'/>
    ${extra}
  </devices>
</domain>`;
}
