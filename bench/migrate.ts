// Compares evenkeel's migrations with plain `virsh migrate --live --p2p`, alternating on the same pair of lab hosts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../lab/command.ts';
import { libvirtSocket } from '../lab/hosts/control.ts';
import { watchTicks } from '../lab/image/guest.ts';
import { up } from '../lab/lab.ts';
import { schedulerCalls } from '../lab/services/operator.ts';
import { withLock } from '../lab/kernel/lock.ts';
import {
  baseImage,
  guest,
  guestAddress,
  guestMac,
  hostBridge,
  labHost,
  pool,
  type HostName,
} from '../lab/topology.ts';
import { causeWord } from '../shared/cause-word.ts';
import { systemClock } from '../shared/clock.ts';
import type { CommitMode, Migration, Mode } from '../shared/gen/telemetry.ts';
import type { ServiceCalls } from '../shared/grpc/service-calls.ts';
import { schedulerService } from '../shared/proto/load.ts';
import { MIB } from '../shared/units.ts';
import { PauseWatch } from './pauses.ts';
import { atMost, median, result, type BenchResult, type Goal } from './result.ts';

type Method = 'evenkeel' | 'virsh';

interface Move {
  readonly method: Method;
  readonly from: HostName;
  readonly to: HostName;
  /** From the order to the recorded success, or to the end of virsh. */
  readonly wallMs: number;
  /** From the suspension on the source to the resumption on the target. */
  readonly downtimeMs: number;
  /** evenkeel only: from the order to the record, by the scheduler's own timestamps. */
  readonly recordedMs?: number;
}

interface BenchGuest {
  readonly name: string;
  /** One of the last numbers of the lab, clear of guests that others make. */
  readonly number: number;
  /** The commit mode that evenkeel must choose. A guest without writable disks has no lock, and so arrives paused. */
  readonly commitMode: CommitMode;
}

const LOCKED: BenchGuest = { name: 'bench-locked', number: 199, commitMode: 'COMMIT_MODE_LOCK' };
const LOCKLESS: BenchGuest = { name: 'bench-lockless', number: 198, commitMode: 'COMMIT_MODE_PAUSED' };
const PAIR: readonly [HostName, HostName] = ['kvm1', 'kvm2'];
const MOVES_EACH = 10;
const ADDED_MAX_MS = 250;
// Noise of the clock tick and of scheduling two processes, on an idle machine.
const DOWNTIME_NOISE_MS = 10;
// One call to resume the copy, after the source has released the guest and the journal has recorded that.
const PAUSED_DOWNTIME_MAX_MS = 50;
// The scheduler's default; virsh gets the same.
const BANDWIDTH_MIB = 100;
const TIMEOUT_MS = 120_000;
const wait = { timeoutMs: TIMEOUT_MS };

/** Measures a guest whose disk lock decides who may run, the usual case, and one without a lock, which arrives paused. */
export async function benchMigrate(): Promise<BenchResult> {
  await withLock(TIMEOUT_MS * 3, () => up(say));
  const scheduler = schedulerCalls();
  try {
    const { mode } = await scheduler.unary(schedulerService.GetMode, 'mode', {}, wait);
    // Nothing else may move meanwhile.
    await setMode(scheduler, 'MODE_OBSERVE');
    try {
      const parts: Part[] = [];
      for (const one of [LOCKED, LOCKLESS])
        parts.push(await withGuest(scheduler, one, () => measure(scheduler, one)));
      return result(
        'migrate',
        parts.flatMap(({ goals }) => goals),
        { guestMemoryMib: guest.memoryBytes / MIB, bandwidthMibPerSecond: BANDWIDTH_MIB, parts },
      );
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

async function setMode(scheduler: ServiceCalls, mode: Mode): Promise<void> {
  await scheduler.unary(schedulerService.SetMode, 'set mode', { mode }, wait);
}

async function withGuest<T>(scheduler: ServiceCalls, one: BenchGuest, work: () => Promise<T>): Promise<T> {
  await removeGuest(scheduler, one);
  const spec = {
    name: one.name,
    vcpus: 1,
    memoryBytes: guest.memoryBytes,
    disks: [{ pool: pool.name, cloneOf: baseImage }],
    nics: [{ bridge: hostBridge, mac: guestMac(one.number) }],
    metadata: { owner: 'bench', purpose: 'npm run bench -- migrate' },
  };
  await untilDone('create the guest', () =>
    scheduler.unary(schedulerService.CreateVm, 'create VM', { spec, host: PAIR[0], start: false }, wait),
  );
  try {
    if (one.commitMode === 'COMMIT_MODE_PAUSED') await makeDiskReadOnly(one);
    await untilDone('start the guest', () =>
      scheduler.unary(schedulerService.StartVm, 'start VM', { vm: one.name }, wait),
    );
    // The guest is up when its counter arrives over the network.
    (await watchTicks(guestAddress(one.number), wait)).close();
    return await work();
  } finally {
    await removeGuest(scheduler, one);
  }
}

async function makeDiskReadOnly({ name }: BenchGuest): Promise<void> {
  const xml = await virsh(PAIR[0], 'dumpxml', '--inactive', name);
  const folder = await mkdtemp(join(tmpdir(), 'evenkeel-bench-'));
  try {
    const file = join(folder, 'guest.xml');
    await writeFile(file, xml.replace('</disk>', '<readonly/></disk>'));
    await virsh(PAIR[0], 'define', file);
  } finally {
    await rm(folder, { recursive: true });
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

/** Removes the bench's guest, also one that a killed bench left behind. */
async function removeGuest(scheduler: ServiceCalls, { name: vm }: BenchGuest): Promise<void> {
  const ignore = (): undefined => undefined;
  await scheduler.unary(schedulerService.DestroyVm, 'destroy VM', { vm }, wait).catch(ignore);
  const request = { vm, deleteVolumes: true };
  await scheduler.unary(schedulerService.UndefineVm, 'undefine VM', request, wait).catch(ignore);
}

async function measure(scheduler: ServiceCalls, one: BenchGuest): Promise<Part> {
  const pauses = await PauseWatch.open(PAIR);
  try {
    const moves = await alternate(scheduler, one, pauses);
    return partOf(one, moves, await virshStartMs(one));
  } finally {
    await pauses.close();
  }
}

async function alternate(scheduler: ServiceCalls, one: BenchGuest, pauses: PauseWatch): Promise<Move[]> {
  const moves: Move[] = [];
  for (let round = 0; round < MOVES_EACH; round += 1) {
    // There and back, with the methods in alternating order, so that both go in both directions equally often.
    const order: readonly Method[] = round % 2 === 0 ? ['evenkeel', 'virsh'] : ['virsh', 'evenkeel'];
    for (const method of order) {
      const [from, to] = moves.length % 2 === 0 ? PAIR : [PAIR[1], PAIR[0]];
      await untilSeenOn(scheduler, one, from);
      const took = method === 'virsh' ? await byVirsh(one, from, to) : await byEvenkeel(scheduler, one, to);
      const move = { method, from, to, ...took, downtimeMs: await pauses.pauseMs(one.name, from, to) };
      say(
        `${one.name} by ${method.padEnd(8)} ${from} -> ${to}: ${Math.round(move.wallMs)} ms, downtime ${Math.round(move.downtimeMs)} ms`,
      );
      moves.push(move);
    }
  }
  return moves;
}

/** The scheduler does not know of virsh's moves: it learns from the next samples where the VM is. */
async function untilSeenOn(scheduler: ServiceCalls, { name }: BenchGuest, host: HostName): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + TIMEOUT_MS;
  while (systemClock.monotonicMs() < deadlineMs) {
    const { vms } = await scheduler.unary(schedulerService.ListVmLoads, 'list VMs', {}, wait);
    const seen = vms.filter(({ sample }) => sample?.name === name);
    if (
      seen.length === 1 &&
      seen.every(({ hostName, migrationId, warning, sample }) => {
        // A sample from the switch-over shows it paused.
        const isRunning = sample?.state === 'VM_STATE_RUNNING' || sample?.state === 'VM_STATE_BLOCKED';
        return hostName === host && migrationId === '' && warning === '' && isRunning;
      })
    )
      return;
    await systemClock.sleep(250);
  }
  throw new Error(`the scheduler does not see ${name} on ${host} only`);
}

async function virsh(host: HostName, ...command: readonly string[]): Promise<string> {
  const uri = `qemu:///system?socket=${await libvirtSocket(host)}`;
  return runCommand(['virsh', '--quiet', '-c', uri, ...command], wait);
}

type Took = Omit<Move, 'method' | 'from' | 'to' | 'downtimeMs'>;

async function byVirsh({ name }: BenchGuest, from: HostName, to: HostName): Promise<Took> {
  const { libvirtUri, address } = labHost(to);
  // The flags of the agent, so that both do the same.
  const flags = '--live --p2p --persistent --undefinesource --abort-on-error --unsafe'.split(' ');
  const limits = ['--bandwidth', String(BANDWIDTH_MIB), '--migrateuri', `tcp://${address}`];
  const startedMs = systemClock.monotonicMs();
  await virsh(from, 'migrate', ...flags, ...limits, name, libvirtUri);
  return { wallMs: systemClock.monotonicMs() - startedMs };
}

async function byEvenkeel(
  scheduler: ServiceCalls,
  { name, commitMode }: BenchGuest,
  to: HostName,
): Promise<Took> {
  const request = { vm: name, targetHost: to };
  const startedMs = systemClock.monotonicMs();
  let last: Migration | null = null;
  for await (const { migration } of scheduler.stream(schedulerService.Migrate, 'migrate', request, wait))
    last = migration;
  const wallMs = systemClock.monotonicMs() - startedMs;
  if (last?.state !== 'MIGRATION_STATE_SUCCEEDED')
    throw new Error(
      `migration ended as ${last?.state ?? 'nothing'}: ${last ? causeWord(last.causeCode) : ''} ${last?.outcome ?? ''}`,
    );
  if (last.commitMode !== commitMode)
    throw new Error(`${name} moved with ${last.commitMode}, but ${commitMode} was to be measured`);
  return { wallMs, recordedMs: last.endedAtMs - last.queuedAtMs };
}

/** The part of virsh's time that starts the process and connects; reported, not subtracted. */
async function virshStartMs({ name }: BenchGuest): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < MOVES_EACH; run += 1) {
    const startedMs = systemClock.monotonicMs();
    await virsh(PAIR[0], 'domstate', name).catch(() => '');
    times.push(systemClock.monotonicMs() - startedMs);
  }
  return median(times);
}

interface Part {
  readonly goals: readonly Goal[];
  readonly commitMode: CommitMode;
  readonly virshMedianMs: number;
  readonly evenkeelMedianMs: number;
  readonly virshDowntimeMedianMs: number;
  readonly evenkeelDowntimeMedianMs: number;
  readonly virshStartMs: number;
  readonly moves: readonly Move[];
}

function partOf(one: BenchGuest, moves: readonly Move[], startMs: number): Part {
  return {
    goals: goalsOf(one, moves),
    commitMode: one.commitMode,
    virshMedianMs: median(figures(moves, 'virsh', 'wallMs')),
    evenkeelMedianMs: median(figures(moves, 'evenkeel', 'wallMs')),
    virshDowntimeMedianMs: median(figures(moves, 'virsh', 'downtimeMs')),
    evenkeelDowntimeMedianMs: median(figures(moves, 'evenkeel', 'downtimeMs')),
    virshStartMs: startMs,
    moves,
  };
}

function figures(moves: readonly Move[], method: Method, figure: 'wallMs' | 'downtimeMs'): number[] {
  return moves.filter((move) => move.method === method).map((move) => move[figure]);
}

function goalsOf({ commitMode }: BenchGuest, moves: readonly Move[]): Goal[] {
  const added = (figure: 'wallMs' | 'downtimeMs'): number =>
    median(figures(moves, 'evenkeel', figure)) - median(figures(moves, 'virsh', figure));
  const time = (how: string): Goal =>
    atMost(`added to virsh migrate at the median, ${how}`, added('wallMs'), 'ms', ADDED_MAX_MS);
  if (commitMode === 'COMMIT_MODE_PAUSED')
    return [
      time('without a lock'),
      atMost(
        'added downtime at the median, without a lock',
        added('downtimeMs'),
        'ms',
        PAUSED_DOWNTIME_MAX_MS,
      ),
    ];
  // Differences within chance: virsh's own downtimes are this far from their median.
  const downtimes = figures(moves, 'virsh', 'downtimeMs');
  const deviations = downtimes.map((downtime) => Math.abs(downtime - median(downtimes)));
  const spreadMs = Math.max(DOWNTIME_NOISE_MS, median(deviations));
  return [
    time('with a lock'),
    atMost(
      "added downtime at the median, with a lock, against virsh's own spread",
      added('downtimeMs'),
      'ms',
      spreadMs,
    ),
  ];
}
