// The demo from the first guest to the verdict: overload, decision, migration, balance.
import { causeWord } from '../../shared/cause-word.ts';
import { systemClock } from '../../shared/clock.ts';
import type { HostLoad, VmLoad } from '../../shared/gen/scheduler.ts';
import type { Decision, Migration } from '../../shared/gen/telemetry.ts';
import { decisionText } from '../../cli/render/decision.ts';
import { gauge, loadStyle } from '../../cli/render/format.ts';
import { byName } from '../../cli/render/format.ts';
import { isEnded, migrationResult, progressLine } from '../../cli/render/migration.ts';
import { paint } from '../../cli/render/view.ts';
import type { TickRecord, TickWatch } from '../image/guest.ts';
import { hostNames } from '../topology.ts';
import { runningOn, waitFor, type DemoCluster } from './cluster.ts';
import { burn, busyRatio, createGuest, evenkeel, guests, watchGuest, type DemoGuest } from './guests.ts';
import { demandRatioMax, seconds, type Measured } from './result.ts';
import { countInInflux, SampleWatch } from './samples.ts';
import type { Screen } from './screen.ts';

/** Agents report within seconds of their start. */
const readyTimeoutMs = 90_000;
/** Three hot samples at an interval of 1 s are enough; a machine with other work takes longer. */
const decisionTimeoutMs = 120_000;
/** 256 MiB at 100 MiB/s, but two cores may be much slower. */
const migrationTimeoutMs = 180_000;
/** Four idle guests and the agents want a tenth of a core; a host where one still boots wants more than one. */
const calmRatioMax = 0.5;
/** One good sample may be chance. */
const steadyLooks = 5;
const balanceTimeoutMs = 90_000;
/** Long enough for a line held back by the switch to arrive and be counted. */
const afterwardsMs = 3_000;

export async function play(cluster: DemoCluster, screen: Screen, signal: AbortSignal): Promise<Measured> {
  await hostsReady(cluster, screen, signal);
  const samples = await SampleWatch.listen();
  const watches = new Map<string, TickWatch>();
  try {
    await startGuests(screen, watches, signal);
    await calm(cluster, screen, signal);
    await evenkeel(screen, ['hosts']);
    await evenkeel(screen, ['vms']);
    const moved = await rebalance(cluster, screen, watches, signal);
    screen.heading('Did every sample arrive?');
    const spans = samples.spans();
    return {
      ...moved,
      samplesPublished: spans.reduce((sum, span) => sum + span.published, 0),
      samplesInInflux: await countInInflux(spans),
    };
  } finally {
    for (const watch of watches.values()) watch.close();
    await samples.close();
  }
}

async function hostsReady(cluster: DemoCluster, screen: Screen, signal: AbortSignal): Promise<void> {
  screen.heading('Three KVM hosts report to the scheduler');
  await waitFor('all hosts report', { timeoutMs: readyTimeoutMs, signal }, async () => {
    const ready = (await cluster.hosts()).filter(({ state }) => state === 'HOST_STATE_READY');
    screen.live(String(ready.length), `${ready.length} of ${hostNames.length} hosts report`);
    return ready.length === hostNames.length ? true : undefined;
  });
  screen.settle();
}

async function startGuests(
  screen: Screen,
  watches: Map<string, TickWatch>,
  signal: AbortSignal,
): Promise<void> {
  screen.heading('Four guests, two of them on kvm1');
  for (const guest of guests) await createGuest(screen, guest);
  screen.say('Waiting until they have booted; each then sends a counter over TCP, ten times a second.');
  const beganMs = systemClock.monotonicMs();
  await Promise.all(
    guests.map(async (guest) => {
      watches.set(guest.name, await watchGuest(guest, signal));
    }),
  );
  screen.say(
    `All four are up after ${seconds(systemClock.monotonicMs() - beganMs)}. We keep a connection to each.`,
  );
}

/** Waits until the load of booting four guests, itself an overload, is over. */
async function calm(cluster: DemoCluster, screen: Screen, signal: AbortSignal): Promise<void> {
  await waitFor('calm after the boot', { timeoutMs: readyTimeoutMs, everyMs: 500, signal }, async () => {
    const [hosts, vms] = await Promise.all([cluster.hosts(), cluster.vms()]);
    screen.live('calm', `Waiting until the load of booting has passed:  ${demandLine(screen, hosts)}`);
    const isSampled = guests.every(({ name }) => find(vms, name)?.sample?.cpuCores !== undefined);
    const isCalm = hosts.every(
      ({ hotResources, cpuDemandRatio }) => hotResources.length === 0 && cpuDemandRatio < calmRatioMax,
    );
    return isSampled && isCalm ? true : undefined;
  });
  screen.settle();
}

async function rebalance(
  cluster: DemoCluster,
  screen: Screen,
  watches: ReadonlyMap<string, TickWatch>,
  signal: AbortSignal,
): Promise<Omit<Measured, 'samplesPublished' | 'samplesInInflux'>> {
  const busy = guests.filter(({ isBusy }) => isBusy);
  screen.heading(
    `Overload: demo-1 and demo-2 each want ${busyRatio * 100} % of a core, and kvm1 has only one core`,
  );
  await evenkeel(screen, ['mode', 'auto']);
  await Promise.all(busy.map((guest) => burn(guest)));
  const overloadAtMs = systemClock.nowMs();
  const decision = await awaitDecision(cluster, screen, overloadAtMs, signal);
  // Starts new records: gaps on the crowded host before the migration are not its fault.
  const before = new Map([...watches].map(([name, watch]) => [name, watch.record()]));
  for (const watch of watches.values()) watch.restart();
  screen.heading(`Decided after ${seconds(decision.atMs - overloadAtMs)}`);
  screen.say(decisionText(screen.view(), decision));

  screen.heading('Live migration');
  const migration = await awaitMigration(cluster, screen, decision, signal);
  screen.say(migrationResult(screen.view(), migration));
  if (migration.state !== 'MIGRATION_STATE_SUCCEEDED') {
    throw new Error(
      `the migration ended as ${migration.state}: ${causeWord(migration.causeCode)} ${migration.outcome}`,
    );
  }
  await systemClock.sleep(afterwardsMs, signal);
  const vm = migration.vmName;
  const [early, late] = [before.get(vm), watches.get(vm)?.record()];
  if (early === undefined || late === undefined)
    throw new Error(`${vm} moved, which is not one of the demo's guests`);

  screen.heading('Balance');
  const balance = await awaitBalance(cluster, screen, busy, signal);
  await evenkeel(screen, ['hosts']);
  await evenkeel(screen, ['vms']);
  const runsOn = await runningOn(vm);
  const after = watches.get(vm)?.record();
  return {
    vm,
    from: migration.sourceHostName,
    to: runsOn.join(' and '),
    detectMs: decision.atMs - overloadAtMs,
    migrationMs: migration.endedAtMs - migration.startedAtMs,
    downtimeMs: migration.progress?.downtimeMs ?? 0,
    guestGapMs: late.longestSilenceMs,
    connectionKept: isWhole(early) && after !== undefined && isWhole(after),
    runningCopies: runsOn.length,
    ...balance,
  };
}

function isWhole({ ended, missing }: TickRecord): boolean {
  return ended === undefined && missing === 0;
}

async function awaitDecision(
  cluster: DemoCluster,
  screen: Screen,
  sinceMs: number,
  signal: AbortSignal,
): Promise<Decision> {
  const busy = new Set(guests.filter(({ isBusy }) => isBusy).map(({ name }) => name));
  const decision = await waitFor('a decision to move', { timeoutMs: decisionTimeoutMs, signal }, async () => {
    const [hosts, decisions] = await Promise.all([cluster.hosts(), cluster.decisions()]);
    const second = Math.floor((systemClock.nowMs() - sinceMs) / 1000);
    screen.live(String(second), `${String(second).padStart(3)} s  ${demandLine(screen, hosts)}`);
    return decisions.find(({ atMs, move }) => atMs >= sinceMs && move && busy.has(move.vmName));
  });
  screen.settle();
  return decision;
}

/** "kvm1 █████ 199% wanted", for each host. */
function demandLine(screen: Screen, hosts: readonly HostLoad[]): string {
  const view = screen.view();
  return hosts
    .toSorted((a, b) => byName(a.hostName, b.hostName))
    .map(({ hostName, cpuDemandRatio }) => {
      const text = `${hostName} ${gauge(view, cpuDemandRatio)}`;
      return paint(view, loadStyle(cpuDemandRatio), text);
    })
    .join('   ');
}

async function awaitMigration(
  cluster: DemoCluster,
  screen: Screen,
  { decisionId }: Decision,
  signal: AbortSignal,
): Promise<Migration> {
  const ended = await waitFor(
    'the end of the migration',
    { timeoutMs: migrationTimeoutMs, everyMs: 150, signal },
    async () => {
      const migration = (await cluster.migrations()).find((candidate) => candidate.decisionId === decisionId);
      if (migration === undefined) return undefined;
      if (!isEnded(migration)) screen.live(stepOf(migration), progressLine(screen.view(), migration));
      return isEnded(migration) ? migration : undefined;
    },
  );
  screen.settle();
  return ended;
}

/** If lines cannot be redrawn, one for each quarter of the copy is enough. */
function stepOf({ state, progress }: Migration): string {
  const left = progress === null ? 1 : progress.memoryRemainingBytes / Math.max(progress.memoryTotalBytes, 1);
  return `${state} ${Math.floor((1 - left) * 4)}`;
}

type Balance = Pick<Measured, 'demandRatios' | 'servedRatios'>;

/** Demand on the hosts and the busy guests' share of theirs, once no host has too much demand, or at the deadline. */
async function awaitBalance(
  cluster: DemoCluster,
  screen: Screen,
  busy: readonly DemoGuest[],
  signal: AbortSignal,
): Promise<Balance> {
  let last: Balance = { demandRatios: [], servedRatios: [] };
  let inARow = 0;
  const look = async (): Promise<true | undefined> => {
    const [hosts, vms] = await Promise.all([cluster.hosts(), cluster.vms()]);
    screen.live(String(Math.floor(systemClock.monotonicMs() / 5_000)), demandLine(screen, hosts));
    const demandRatios = hosts.map(({ cpuDemandRatio }) => cpuDemandRatio);
    last = { demandRatios, servedRatios: busy.map(({ name }) => servedRatio(find(vms, name))) };
    inARow = demandRatios.every((ratio) => ratio <= demandRatioMax) ? inARow + 1 : 0;
    return inARow >= steadyLooks ? true : undefined;
  };
  const wait = { timeoutMs: balanceTimeoutMs, everyMs: 1_000, signal };
  await waitFor('balance', wait, look).catch((error: unknown) => {
    if (signal.aborted) throw error;
  });
  screen.settle();
  return last;
}

/** 0 for a guest that is not reported, or wants so little that it does not burn. */
function servedRatio(vm: VmLoad | undefined): number {
  const { cpuCores, cpuDemandCores } = vm?.sample ?? {};
  if (cpuCores === undefined || cpuDemandCores === undefined || cpuDemandCores < 0.5) return 0;
  return Math.min(1, cpuCores / cpuDemandCores);
}

function find(vms: readonly VmLoad[], name: string): VmLoad | undefined {
  return vms.find(({ sample }) => sample?.name === name);
}
