// Drives the lab for the end-to-end tests: brings it up once, and asks the CLI, the scheduler and libvirt.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { certificateFolder } from '../../lab/services/certificates.ts';
import { tryCommand, runCommand, type CommandResult } from '../../lab/command.ts';
import { hostExec, hostRun } from '../../lab/hosts/control.ts';
import { tellGuest, watchTicks, type TickWatch } from '../../lab/image/guest.ts';
import { up } from '../../lab/lab.ts';
import { withLock } from '../../lab/kernel/lock.ts';
import { networkIsUp } from '../../lab/hosts/network.ts';
import { poolFolder, repositoryRoot } from '../../lab/paths.ts';
import { schedulerCalls } from '../../lab/services/operator.ts';
import { parseVmList } from '../../lab/status.ts';
import {
  baseImage,
  bridge,
  guestAddress,
  guestMac,
  hostBridge,
  hostNames,
  pool,
  schedulerPort,
  type HostName,
} from '../../lab/topology.ts';
import type { VmSpecInput } from '../../shared/gen/agent.ts';
import type { HostLoad, VmLoad } from '../../shared/gen/scheduler.ts';
import type { Decision, Migration } from '../../shared/gen/telemetry.ts';
import type { ServiceCalls } from '../../shared/grpc/service-calls.ts';
import { schedulerService } from '../../shared/proto/load.ts';
import { claimLab, isOrphanedLab } from './started-by-tests.ts';

export const schedulerAddress = `${bridge.address}:${schedulerPort}`;

/** Prefix of everything the tests make, so that leftovers of a broken run can be found. */
const namePrefix = 'e2e-';
/** setup.sh may have to build; a cold \`up\` took 40 s on a machine that did nothing else. */
const upTimeoutMs = 400_000;
const setupTimeoutMs = 600_000;
/** One call of the scheduler. */
const wait = { timeoutMs: 15_000 };
const virshTimeoutMs = 30_000;
/** An emulated guest boots in 5 s alone; several at once on two busy cores take much longer. */
const bootTimeoutMs = 120_000;
const virsh = ['virsh', '-c', 'qemu:///system'] as const;

/** The reason why the lab cannot run here, for tap's `skip`; false when it can. With CI=true that is an error: CI must not skip. */
export function skipWithoutLab(): string | false {
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) return false;
  const reason = 'the lab of KVM hosts needs root on Debian: run npm test as root to have these cases';
  if (process.env['CI'] === 'true') throw new Error(`${reason}; with CI=true nothing may be skipped`);
  return reason;
}

/** A user of the lab: a tap test, or a program with its own teardown. */
export interface LabUser {
  comment(text: string): void;
  teardown(work: () => Promise<void>): void;
}

/** Brings the lab up unless it is, removes what an earlier run left, and waits until all hosts report. */
export async function openCluster(t: LabUser): Promise<Cluster> {
  // A test that runs alone must not use an outdated build.
  await runCommand(['bash', join(repositoryRoot, 'lab/setup.sh')], {
    timeoutMs: setupTimeoutMs,
    environment: { PATH: `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`, HOME: '/root' },
  });
  if (!(await networkIsUp()) || (await isOrphanedLab())) await claimLab();
  const startedMs = performance.now();
  await withLock(upTimeoutMs, () => up(() => undefined));
  t.comment(`lab up after ${seconds(performance.now() - startedMs)}`);
  const cluster = new Cluster();
  t.teardown(async () => {
    await cluster.close();
  });
  await cluster.removeVms();
  await cluster.hostsAreReady();
  // Only the current case moves VMs.
  await cluster.run('mode', 'recommend');
  return cluster;
}

export interface Copy {
  readonly host: HostName;
  readonly state: string;
}

/** The result of one run of the CLI. */
export interface Answer extends CommandResult {
  /** Its stdout as JSON, with --json. */
  readonly json: unknown;
}

export interface Guest {
  readonly name: string;
  readonly address: string;
  tell(command: string): Promise<void>;
  /** Opens a connection to its counter, once it has booted. */
  watch(): Promise<TickWatch>;
}

export class Cluster {
  readonly #calls = schedulerCalls();

  /** Direct calls to the scheduler, for data that the CLI would only print. */
  get calls(): ServiceCalls {
    return this.#calls;
  }

  async close(): Promise<void> {
    await this.run('mode', 'recommend').catch(() => undefined);
    await this.removeVms();
    this.#calls.close();
  }

  /** Runs `evenkeel` as the lab's operator; its exit status is in the answer. */
  async evenkeel(...args: readonly string[]): Promise<Answer> {
    return runCli(['--scheduler', schedulerAddress, ...operatorOptions(), ...args]);
  }

  /** Runs `evenkeel` with --json; it must succeed. */
  async run(...args: readonly string[]): Promise<unknown> {
    const answer = await this.evenkeel('--json', ...args);
    if (answer.status === 0) return answer.json;
    throw new Error(
      `evenkeel ${args.join(' ')}: exit status ${answer.status}: ${answer.stdout}${answer.stderr}`,
    );
  }

  async hosts(): Promise<HostLoad[]> {
    const answer = await this.calls.unary(schedulerService.ListHosts, 'list hosts', {}, wait);
    return answer.hosts;
  }

  async vms(): Promise<VmLoad[]> {
    const answer = await this.calls.unary(schedulerService.ListVmLoads, 'list VMs', {}, wait);
    return answer.vms;
  }

  async decisions(): Promise<Decision[]> {
    const answer = await this.calls.unary(
      schedulerService.ListDecisions,
      'list decisions',
      { limit: 100 },
      wait,
    );
    return answer.decisions;
  }

  async migrations(): Promise<Migration[]> {
    const answer = await this.calls.unary(
      schedulerService.ListMigrations,
      'list migrations',
      { limit: 1_000 },
      wait,
    );
    return answer.migrations;
  }

  /** Asks the scheduler itself for a VM that stays off. */
  async createVm(spec: VmSpecInput): Promise<void> {
    await this.calls.unary(schedulerService.CreateVm, 'create VM', { spec, start: false }, wait);
  }

  /** Waits until every host is seen by reports that are fresh and complete, and younger than this call. */
  async hostsAreReady(): Promise<void> {
    const sinceMs = Date.now();
    await until(
      'all hosts are ready',
      90_000,
      async () =>
        (await this.hosts()).map(({ hostName, state, lastReportAtMs }) => ({
          hostName,
          state,
          isYounger: lastReportAtMs > sinceMs,
        })),
      (seen) =>
        seen.length === hostNames.length &&
        seen.every(({ state, isYounger }) => state === 'HOST_STATE_READY' && isYounger),
    );
  }

  /** Waits until the host has little to do and is not hot, nor about to be. */
  async isCalm(name: HostName): Promise<void> {
    let calm = 0;
    await until(
      `${name} has little to do`,
      90_000,
      async () => (await this.hosts()).find(({ hostName }) => hostName === name),
      (host) => {
        const isIdle = host?.hotResources.length === 0 && host.cpuDemandRatio < 0.5;
        calm = isIdle ? calm + 1 : 0;
        // As long as the window in which the planner looks for hot samples: 5 of one second.
        return calm > 10;
      },
    );
  }

  /** Creates a guest from the lab's image through the CLI; without `start` it stays off. */
  async create(number: number, host: HostName, ...more: readonly string[]): Promise<Guest> {
    const order = ['vm', 'create', guestName(number), ...guestOptions(number), '--host', host, ...more];
    // A host whose libvirt was late with several samples counts as unknown, and takes no VMs until it recovers.
    const created = await until(
      `${host} takes ${guestName(number)}`,
      60_000,
      () => this.evenkeel('--json', ...order),
      ({ stdout, stderr }) => !/does not answer its agent/.test(stdout + stderr),
    );
    if (created.status !== 0)
      throw new Error(`evenkeel ${order.join(' ')}: ${created.stdout}${created.stderr}`);
    return guestOf(number);
  }

  /** The guest of this number, whether or not it exists. */
  guest(number: number): Guest {
    return guestOf(number);
  }

  /** Waits until the scheduler shows the guests as VMs, each with a CPU rate: it takes two samples. */
  async areSampled(...guests: readonly Guest[]): Promise<void> {
    await until(
      `${guests.map(({ name }) => name).join(', ')} are sampled`,
      60_000,
      async () =>
        (await this.vms())
          .filter(({ sample }) => sample?.cpuCores !== undefined)
          .map(({ sample }) => sample?.name),
      (names) => guests.every(({ name }) => names.includes(name)),
    );
  }

  /** The VM's copies on all hosts by libvirt, whatever their state. */
  async copies(vm: string): Promise<Copy[]> {
    const found = await Promise.all(
      hostNames.map(async (host) =>
        parseVmList(await hostRun(host, [...virsh, 'list', '--all'], { timeoutMs: virshTimeoutMs }))
          .filter(({ name }) => name === vm)
          .map(({ state }) => ({ host, state })),
      ),
    );
    return found.flat();
  }

  /** Everything that exists: definitions on all hosts with their states, and the files of the shared pool. */
  async inventory(): Promise<string[]> {
    const definitions = await Promise.all(
      hostNames.map(async (host) => {
        const list = await hostRun(host, [...virsh, 'list', '--all'], { timeoutMs: virshTimeoutMs });
        return parseVmList(list).map(({ name, state }) => `${host}: ${name} ${state}`);
      }),
    );
    const volumes = (await readdir(poolFolder)).map((file) => `${pool.name}: ${file}`);
    return [...definitions.flat(), ...volumes].sort();
  }

  /** Removes every VM of these tests and its volumes through libvirt alone, since it must work when evenkeel does not. */
  async removeVms(): Promise<void> {
    const script = `
      for vm in $(virsh list --all --name | grep '^${namePrefix}'); do
        kill -CONT $(cat /run/libvirt/qemu/$vm.pid) 2>/dev/null
        virsh domjobabort $vm >/dev/null 2>&1
        virsh destroy $vm >/dev/null 2>&1
        # Gone meanwhile, by evenkeel's own hand, is as good.
        virsh undefine $vm --nvram --remove-all-storage >/dev/null || ! virsh dominfo $vm >/dev/null 2>&1 || echo "$vm is still there"
      done`;
    for (const host of hostNames) {
      const { stdout, stderr } = await hostExec(host, ['bash', '-c', script], { timeoutMs: 120_000 });
      if (stdout.includes('still there')) throw new Error(`clean up ${host}: ${stdout}${stderr}`);
    }
  }
}

export function guestName(number: number): string {
  return `${namePrefix}${number}`;
}

/** Options of \`evenkeel vm create\` for the lab's guest of this number. */
export function guestOptions(number: number): string[] {
  return [
    ...['--vcpus', '1', '--memory', '256M', '--owner', 'e2e', '--headless'],
    ...['--disk', `pool=${pool.name},clone=${baseImage}`],
    ...['--nic', `bridge=${hostBridge},mac=${guestMac(number)}`],
  ];
}

function guestOf(number: number): Guest {
  const address = guestAddress(number);
  return {
    name: guestName(number),
    address,
    tell: async (command) => {
      await tellGuest(address, command, { timeoutMs: 20_000 });
    },
    watch: () => watchTicks(address, { timeoutMs: bootTimeoutMs }),
  };
}

/** The lab operator's certificate, as options of the CLI. */
function operatorOptions(): string[] {
  const folder = certificateFolder('operator');
  return [
    '--ca',
    join(folder, 'ca.pem'),
    '--cert',
    join(folder, 'cert.pem'),
    '--key',
    join(folder, 'key.pem'),
  ];
}

/** Runs the built CLI with just these arguments. */
export async function runCli(args: readonly string[]): Promise<Answer> {
  const argv = [process.execPath, join(repositoryRoot, 'dist/cli/main.js'), ...args];
  const result = await tryCommand(argv, { timeoutMs: 180_000 });
  return { ...result, json: args.includes('--json') ? parseJson(result.stdout) : undefined };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Looks repeatedly until the result is right; the error shows what it saw last. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T>,
  isRight: (seen: T) => boolean,
): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    const seen = await look();
    if (isRight(seen)) return seen;
    if (performance.now() - startedMs > timeoutMs) {
      throw new Error(
        `${what}: not after ${seconds(timeoutMs)}; last seen: ${JSON.stringify(seen).slice(0, 3_000)}`,
      );
    }
    await sleep(500);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
