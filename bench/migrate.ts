// evenkeel's migrations against plain `virsh migrate --live --p2p` on the same pair of the lab's hosts, alternating.
import { join } from 'node:path';
import { certificateFolder } from '../lab/certificates.ts';
import { runCommand } from '../lab/command.ts';
import { libvirtSocket } from '../lab/control.ts';
import { watchTicks } from '../lab/guest.ts';
import { up } from '../lab/lab.ts';
import { withLock } from '../lab/lock.ts';
import {
  baseImage,
  guest,
  guestAddress,
  guestMac,
  hostBridge,
  labHost,
  pool,
  schedulerAddress,
  type HostName,
} from '../lab/topology.ts';
import { systemClock } from '../shared/clock.ts';
import type { GetModeResponse } from '../shared/gen/evenkeel/v1/GetModeResponse.ts';
import type { ListVmLoadsResponse } from '../shared/gen/evenkeel/v1/ListVmLoadsResponse.ts';
import type { Migration } from '../shared/gen/evenkeel/v1/Migration.ts';
import type { Mode } from '../shared/gen/evenkeel/v1/Mode.ts';
import { streamed, unary } from '../shared/grpc/client.ts';
import { channelCredentials } from '../shared/grpc/credentials.ts';
import { SchedulerServiceClient } from '../shared/proto/load.ts';
import { MIB } from '../shared/units.ts';
import { atMost, median, result, type BenchResult, type Goal } from './result.ts';

type Scheduler = InstanceType<typeof SchedulerServiceClient>;
type Method = 'evenkeel' | 'virsh';

interface Move {
  readonly method: Method;
  readonly from: HostName;
  readonly to: HostName;
  /** From the order to the recorded success, or to the end of virsh. */
  readonly wallMs: number;
  /** As the target's libvirt measured it. */
  readonly downtimeMs: number;
  /** evenkeel alone: from the order to the record, by the scheduler's own stamps. */
  readonly recordedMs?: number;
}

const VM = 'bench-migrate';
// The last guest number of the lab: out of the way of guests that people make.
const GUEST_NUMBER = 199;
const PAIR: readonly [HostName, HostName] = ['kvm1', 'kvm2'];
const MOVES_EACH = 10;
const ADDED_MAX_MS = 250;
// What the clock tick and the scheduling of two processes make of it on an idle machine.
const DOWNTIME_NOISE_MS = 10;
// What the scheduler passes by default; virsh gets the same.
const BANDWIDTH_MIB = 100;
const TIMEOUT_MS = 120_000;
const wait = { timeoutMs: TIMEOUT_MS };

export async function benchMigrate(): Promise<BenchResult> {
  await withLock(TIMEOUT_MS * 3, () => up(say));
  const tls = (name: string): string => join(certificateFolder('operator'), name);
  const credentials = channelCredentials(
    { mode: 'mutual', caFile: tls('ca.pem'), certFile: tls('cert.pem'), keyFile: tls('key.pem') },
    schedulerAddress,
  );
  const scheduler = new SchedulerServiceClient(schedulerAddress, credentials);
  try {
    const { mode }: GetModeResponse = await unary('mode', scheduler.getMode.bind(scheduler), {}, wait);
    // Nobody else is to move anything meanwhile.
    await setMode(scheduler, 'MODE_OBSERVE');
    try {
      return await withGuest(scheduler, () => compare(scheduler));
    } finally {
      await setMode(scheduler, mode);
    }
  } finally {
    scheduler.close();
  }
}

function say(text: string): void {
  console.error(text);
}

async function setMode(scheduler: Scheduler, mode: Mode): Promise<void> {
  await unary('set mode', scheduler.setMode.bind(scheduler), { mode }, wait);
}

async function withGuest<T>(scheduler: Scheduler, work: () => Promise<T>): Promise<T> {
  await removeGuest(scheduler);
  const spec = {
    name: VM,
    vcpus: 1,
    memoryBytes: guest.memoryBytes,
    disks: [{ pool: pool.name, cloneOf: baseImage }],
    nics: [{ bridge: hostBridge, mac: guestMac(GUEST_NUMBER) }],
    metadata: { owner: 'bench', purpose: 'npm run bench -- migrate' },
  };
  const request = { spec, host: PAIR[0], start: true };
  await untilDone('create the guest', () =>
    unary('create VM', scheduler.createVm.bind(scheduler), request, wait),
  );
  try {
    // It is up when its counter comes over the network.
    (await watchTicks(guestAddress(GUEST_NUMBER), wait)).close();
    return await work();
  } finally {
    await removeGuest(scheduler);
  }
}

/** The scheduler knows a host by its first report, which comes some seconds after the lab is up. */
async function untilDone<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const deadlineMs = systemClock.monotonicMs() + TIMEOUT_MS;
  for (;;)
    try {
      return await attempt();
    } catch (error) {
      if (systemClock.monotonicMs() > deadlineMs) throw error;
      say(`${what}: ${error instanceof Error ? error.message : String(error)}; trying again`);
      await systemClock.sleep(2_000);
    }
}

/** Also that of a bench that was killed. */
async function removeGuest(scheduler: Scheduler): Promise<void> {
  const ignore = (): undefined => undefined;
  await unary('destroy VM', scheduler.destroyVm.bind(scheduler), { vm: VM }, wait).catch(ignore);
  const request = { vm: VM, deleteVolumes: true };
  await unary('undefine VM', scheduler.undefineVm.bind(scheduler), request, wait).catch(ignore);
}

async function compare(scheduler: Scheduler): Promise<BenchResult> {
  const moves: Move[] = [];
  for (let round = 0; round < MOVES_EACH; round += 1) {
    // There and back, and the other way round each time: both methods go in both directions equally often.
    const order: readonly Method[] = round % 2 === 0 ? ['evenkeel', 'virsh'] : ['virsh', 'evenkeel'];
    for (const method of order) {
      const [from, to] = moves.length % 2 === 0 ? PAIR : [PAIR[1], PAIR[0]];
      await untilSeenOn(scheduler, from);
      const move = method === 'virsh' ? await byVirsh(from, to) : await byEvenkeel(scheduler, from, to);
      say(
        `${method.padEnd(8)} ${from} -> ${to}: ${Math.round(move.wallMs)} ms, downtime ${move.downtimeMs} ms`,
      );
      moves.push(move);
    }
  }
  return summary(moves, await virshStartMs());
}

/** virsh moves behind the scheduler's back: it learns by the next samples where the VM is. */
async function untilSeenOn(scheduler: Scheduler, host: HostName): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + TIMEOUT_MS;
  while (systemClock.monotonicMs() < deadlineMs) {
    const list = scheduler.listVmLoads.bind(scheduler);
    const { vms }: ListVmLoadsResponse = await unary('list VMs', list, {}, wait);
    const seen = vms.filter(({ sample }) => sample?.name === VM);
    if (
      seen.length === 1 &&
      seen.every((vm) => vm.hostName === host && vm.migrationId === '' && vm.warning === '')
    )
      return;
    await systemClock.sleep(250);
  }
  throw new Error(`the scheduler does not see ${VM} on ${host} alone`);
}

async function virsh(host: HostName, ...command: readonly string[]): Promise<string> {
  const uri = `qemu:///system?socket=${await libvirtSocket(host)}`;
  return runCommand(['virsh', '--quiet', '-c', uri, ...command], wait);
}

async function byVirsh(from: HostName, to: HostName): Promise<Move> {
  const { libvirtUri, address } = labHost(to);
  // The flags of the agent, so that both do the same.
  const flags = '--live --p2p --persistent --undefinesource --abort-on-error --unsafe'.split(' ');
  const limits = ['--bandwidth', String(BANDWIDTH_MIB), '--migrateuri', `tcp://${address}`];
  const startedMs = systemClock.monotonicMs();
  await virsh(from, 'migrate', ...flags, ...limits, VM, libvirtUri);
  const wallMs = systemClock.monotonicMs() - startedMs;
  return { method: 'virsh', from, to, wallMs, downtimeMs: await downtimeOn(to) };
}

async function byEvenkeel(scheduler: Scheduler, from: HostName, to: HostName): Promise<Move> {
  const startedMs = systemClock.monotonicMs();
  let last: Migration | null = null;
  for await (const { migration } of streamed('migrate', scheduler.migrate({ vm: VM, targetHost: to })))
    last = migration;
  const wallMs = systemClock.monotonicMs() - startedMs;
  if (last?.state !== 'MIGRATION_STATE_SUCCEEDED')
    throw new Error(
      `migration ended as ${last?.state ?? 'nothing'}: ${last?.causeCode ?? ''} ${last?.outcome ?? ''}`,
    );
  const recordedMs = last.endedAtMs - last.queuedAtMs;
  return { method: 'evenkeel', from, to, wallMs, recordedMs, downtimeMs: await downtimeOn(to) };
}

/** libvirt's own figure of the last migration, the same for both methods. */
async function downtimeOn(host: HostName): Promise<number> {
  const info = await virsh(host, 'domjobinfo', VM, '--completed', '--keep-completed');
  const match = /Total downtime:\s+(\d+)\s+ms/.exec(info);
  if (match === null) throw new Error(`no downtime in: ${info}`);
  return Number(match[1]);
}

/** What of virsh's time is the start of a process and a connection; told, not subtracted. */
async function virshStartMs(): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < MOVES_EACH; run += 1) {
    const startedMs = systemClock.monotonicMs();
    await virsh(PAIR[0], 'domstate', VM).catch(() => '');
    times.push(systemClock.monotonicMs() - startedMs);
  }
  return median(times);
}

function summary(moves: readonly Move[], startMs: number): BenchResult {
  const of = (method: Method, figure: 'wallMs' | 'downtimeMs'): number[] =>
    moves.filter((move) => move.method === method).map((move) => move[figure]);
  const addedMs = median(of('evenkeel', 'wallMs')) - median(of('virsh', 'wallMs'));
  const downtimes = of('virsh', 'downtimeMs');
  const addedDowntimeMs = median(of('evenkeel', 'downtimeMs')) - median(downtimes);
  // Equal but for chance: virsh's own downtimes lie this far from their median.
  const deviations = downtimes.map((downtime) => Math.abs(downtime - median(downtimes)));
  const spreadMs = Math.max(DOWNTIME_NOISE_MS, median(deviations));
  const goals: Goal[] = [
    atMost('added to virsh migrate at the median', addedMs, 'ms', ADDED_MAX_MS),
    atMost("added downtime at the median, against virsh's own spread", addedDowntimeMs, 'ms', spreadMs),
  ];
  return result('migrate', goals, {
    virshMedianMs: median(of('virsh', 'wallMs')),
    evenkeelMedianMs: median(of('evenkeel', 'wallMs')),
    virshDowntimeMedianMs: median(downtimes),
    evenkeelDowntimeMedianMs: median(of('evenkeel', 'downtimeMs')),
    virshStartMs: startMs,
    guestMemoryMib: guest.memoryBytes / MIB,
    bandwidthMibPerSecond: BANDWIDTH_MIB,
    moves,
  });
}
