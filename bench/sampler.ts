// Measures one sample of 100 guests against plain virsh, and the cost of the agent against two well-known monitors.
//
// The guests are paused while samples are timed, so that only libvirt is measured. The cost of the monitors is measured on
// paused guests too, but judged on running ones (an idle firmware each): of a paused guest collectd's virt plugin reads
// only the state, while the agent and the exporter read everything.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Connection } from '../agent/libvirt/connection.ts';
import { CreateFlag, ListDomainsFlag, StatsFlag, StatsGroup } from '../agent/libvirt/constants.ts';
import { createXml, listDomains, resume } from '../agent/libvirt/domain.ts';
import { getAllDomainStats } from '../agent/libvirt/stats.ts';
import { VmReader } from '../agent/telemetry/vm-reader.ts';
import { systemClock } from '../shared/clock.ts';
import { MIB, SECOND_MS } from '../shared/units.ts';
import {
  giveAway,
  startPrivateLibvirtd,
  tinyGuest,
  type PrivateLibvirtd,
} from '../test/agent/libvirt/private-libvirtd.ts';
import { agentMonitor, collectdMonitor, exporterMonitor, PEER_PACKAGES, type Monitor } from './monitors.ts';
import { cpuMs, rssBytes } from './process-usage.ts';
import { atMost, median, result, type BenchResult, type Goal } from './result.ts';

const GUESTS = 100;
const PAIRS = Number(process.env['EVENKEEL_BENCH_PAIRS'] ?? 31);
const WARM_UP_PAIRS = 3;
// The agent's default, so that the cost of a process between samples counts as in production.
const INTERVAL_S = 5;
const SAMPLES = Number(process.env['EVENKEEL_BENCH_SAMPLES'] ?? 12);
const WALL_RATIO_MAX = 1.05;
const RSS_MAX_MB = 90;
const TIMEOUT_MS = 60 * SECOND_MS;
// A firmware takes about a core-second to find that there is nothing to boot.
const SETTLE_MAX_MS = 4 * GUESTS * SECOND_MS;
const SETTLE_STEP_MS = 10 * SECOND_MS;
// An idle firmware still polls its keyboard, so guests are idle when together they use less than a core and that stops falling.
const SETTLED_SHARE = 0.9;
const MB = 1e6;

export async function benchSampler(): Promise<BenchResult> {
  // Only this bench needs the other monitors.
  execFileSync('bash', ['lab/setup.sh', ...PEER_PACKAGES], { stdio: ['ignore', 2, 2] });
  const libvirtd = await startPrivateLibvirtd();
  try {
    const uri = `qemu+unix:///session?socket=${socketOf(libvirtd)}`;
    await startGuests(libvirtd);
    const wall = await compareWall(libvirtd, uri);
    const options = { uri, socket: socketOf(libvirtd), folder: libvirtd.directory, intervalS: INTERVAL_S };
    const monitors = [agentMonitor(options), collectdMonitor(options), exporterMonitor(options)];
    const costsPaused = await measureCosts(monitors, libvirtd);
    await resumeGuests(libvirtd);
    const costs = await measureCosts(monitors, libvirtd);
    const raw = { guests: GUESTS, intervalS: INTERVAL_S, samples: SAMPLES, wall, costs, costsPaused };
    return result('sampler', goalsOf(wall, costs), raw);
  } finally {
    await libvirtd.stop();
  }
}

function socketOf({ target }: PrivateLibvirtd): string {
  if (target.kind !== 'unix') throw new Error('the private libvirtd listens on no unix socket');
  return target.path;
}

function goalsOf(wall: Wall, [agent, ...peers]: readonly Cost[]): Goal[] {
  if (agent === undefined) throw new Error('the agent was not measured');
  return [
    atMost('wall of a sample / virsh domstats', wall.ratio, '', WALL_RATIO_MAX),
    ...peers.map((peer) =>
      below(`agent CPU of a sample / ${peer.monitor}`, agent.cpuMsPerSample / peer.cpuMsPerSample, '', 1),
    ),
    below('agent rss', agent.rssMaxBytes / MB, 'MB', RSS_MAX_MB),
  ];
}

function below(name: string, value: number, unit: string, limit: number): Goal {
  return { name, value, unit, goal: `below ${limit}`, ok: value < limit };
}

function open(libvirtd: PrivateLibvirtd): Promise<Connection> {
  const uri = 'qemu:///session';
  return connect(libvirtd.target, { uri, readOnly: false, clock: systemClock, timeoutMs: TIMEOUT_MS });
}

/** Guests that are paused before their first instruction, each with a disk: their cost is that of libvirt alone. */
async function startGuests(libvirtd: PrivateLibvirtd): Promise<void> {
  console.error(`starting ${GUESTS} paused guests`);
  const connection = await open(libvirtd);
  for (let at = 0; at < GUESTS; at += 1) {
    const name = `guest${String(at).padStart(3, '0')}`;
    const image = join(libvirtd.directory, 'images', `${name}.img`);
    writeFileSync(image, '');
    truncateSync(image, MIB);
    giveAway(image);
    const disk = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vda' bus='virtio'/></disk>`;
    await createXml(connection, tinyGuest(name, disk), CreateFlag.paused, { timeoutMs: TIMEOUT_MS });
  }
  await connection.close();
}

/** Resumes the guests and waits until their firmware is idle. */
async function resumeGuests(libvirtd: PrivateLibvirtd): Promise<void> {
  console.error('resuming the guests');
  const wait = { timeoutMs: TIMEOUT_MS };
  const connection = await open(libvirtd);
  for (const domain of await listDomains(connection, ListDomainsFlag.active, wait))
    await resume(connection, domain, wait);
  const deadlineMs = performance.now() + SETTLE_MAX_MS;
  let lastUsedMs = Infinity;
  let before = await guestCpuMs(connection);
  for (;;) {
    await systemClock.sleep(SETTLE_STEP_MS);
    const now = await guestCpuMs(connection);
    const usedMs = now - before;
    const isAtRest = usedMs < SETTLE_STEP_MS && usedMs > SETTLED_SHARE * lastUsedMs;
    if (isAtRest || performance.now() > deadlineMs) break;
    [lastUsedMs, before] = [usedMs, now];
  }
  await connection.close();
}

async function guestCpuMs(connection: Connection): Promise<number> {
  const request = { groups: StatsGroup.cpu, flags: StatsFlag.active };
  const stats = await getAllDomainStats(connection, request, { timeoutMs: TIMEOUT_MS });
  return stats.reduce((sum, { cpuTimeMs = 0 }) => sum + cpuTimeMs, 0);
}

interface Wall {
  readonly ratio: number;
  readonly samplerMs: number;
  /** As virsh times the command itself (virsh --timing): without its start and its connection. */
  readonly virshMs: number;
  /** From start to end of the process. */
  readonly virshProcessMs: number;
  readonly pairs: readonly { readonly samplerMs: number; readonly virshMs: number }[];
}

/**
 * Runs in pairs, so that other load on the machine affects both. Both talk to the same daemon over a unix socket and convert
 * the reply: the sampler into objects, virsh into text in a file. The ratio leaves out virsh's start and connection, by its
 * own timing, since the sampler does both once for all samples.
 */
async function compareWall(libvirtd: PrivateLibvirtd, uri: string): Promise<Wall> {
  const connection = await open(libvirtd);
  const stop = new AbortController();
  const reader = new VmReader({
    bulkConnection: () => connection,
    sideConnection: () => connection,
    clock: systemClock,
    intervalMs: TIMEOUT_MS,
    signal: stop.signal,
  });
  const pairs: { samplerMs: number; virshMs: number; virshProcessMs: number }[] = [];
  const folder = libvirtd.directory;
  for (let at = 0; at < WARM_UP_PAIRS + PAIRS; at += 1) {
    // The order alternates, so that neither always meets the busier daemon.
    const virshFirst = at % 2 === 0 ? await timeVirsh(uri, folder) : undefined;
    const samplerMs = await timeSampler(reader);
    const virsh = virshFirst ?? (await timeVirsh(uri, folder));
    if (at >= WARM_UP_PAIRS) pairs.push({ samplerMs, ...virsh });
  }
  await connection.close();
  const samplerMs = median(pairs.map((pair) => pair.samplerMs));
  const virshMs = median(pairs.map((pair) => pair.virshMs));
  const virshProcessMs = median(pairs.map((pair) => pair.virshProcessMs));
  console.error(
    `a sample: ${samplerMs.toFixed(1)} ms; virsh domstats: ${virshMs.toFixed(1)} ms, whole process ${virshProcessMs.toFixed(1)} ms`,
  );
  return { ratio: samplerMs / virshMs, samplerMs, virshMs, virshProcessMs, pairs };
}

async function timeSampler(reader: VmReader): Promise<number> {
  const startedMs = performance.now();
  const read = await reader.read();
  const elapsedMs = performance.now() - startedMs;
  if (read.kind === 'incomplete') throw new Error(`sampler: ${read.reason}`);
  if (read.vms.length !== GUESTS) throw new Error(`sampler: ${read.vms.length} guests of ${GUESTS}`);
  return elapsedMs;
}

// The groups and flags of vm-reader.ts.
const DOMSTATS = [
  'domstats',
  '--state',
  '--cpu-total',
  '--balloon',
  '--vcpu',
  '--interface',
  '--block',
  '--list-active',
  '--nowait',
];

async function timeVirsh(uri: string, folder: string): Promise<{ virshMs: number; virshProcessMs: number }> {
  const path = join(folder, 'virsh.out');
  const file = openSync(path, 'w');
  const startedMs = performance.now();
  const child = spawn('virsh', ['--timing', '-c', uri, ...DOMSTATS], { stdio: ['ignore', file, 2] });
  await once(child, 'exit');
  const virshProcessMs = performance.now() - startedMs;
  closeSync(file);
  const output = readFileSync(path, 'utf8');
  const guests = output.match(/^Domain:/gm)?.length ?? 0;
  const virshMs = Number(/^\(Time: ([\d.]+) ms\)$/m.exec(output)?.[1]);
  if (guests !== GUESTS || Number.isNaN(virshMs))
    throw new Error(`virsh domstats: ${guests} guests of ${GUESTS}`);
  return { virshMs, virshProcessMs };
}

interface Cost {
  readonly monitor: string;
  readonly cpuMsPerSample: number;
  /** CPU time that the monitor causes in libvirtd. */
  readonly libvirtdCpuMsPerSample: number;
  readonly rssMaxBytes: number;
}

/** One after the other: two at the same time would make each other's NOWAIT calls skip guests. */
async function measureCosts(monitors: readonly Monitor[], libvirtd: PrivateLibvirtd): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const monitor of monitors) costs.push(await measureCost(monitor, libvirtd));
  return costs;
}

async function measureCost(monitor: Monitor, libvirtd: PrivateLibvirtd): Promise<Cost> {
  const intervalMs = INTERVAL_S * SECOND_MS;
  const running = await monitor.start();
  try {
    for (let sample = 0; sample < monitor.warmUpSamples; sample += 1)
      await oneInterval(running.sample, intervalMs);
    const before = { own: cpuMs(running.pid), libvirtd: cpuMs(libvirtd.pid()) };
    let rssMaxBytes = 0;
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      await oneInterval(running.sample, intervalMs);
      rssMaxBytes = Math.max(rssMaxBytes, rssBytes(running.pid));
    }
    const cost = {
      monitor: monitor.name,
      cpuMsPerSample: (cpuMs(running.pid) - before.own) / SAMPLES,
      libvirtdCpuMsPerSample: (cpuMs(libvirtd.pid()) - before.libvirtd) / SAMPLES,
      rssMaxBytes,
    };
    const guests = await running.guestsSeen();
    if (guests !== GUESTS) throw new Error(`${monitor.name} sees ${guests} guests of ${GUESTS}`);
    console.error(
      `${cost.monitor}: ${cost.cpuMsPerSample.toFixed(1)} ms of CPU a sample, and ${cost.libvirtdCpuMsPerSample.toFixed(1)} ms in libvirtd; rss ${(rssMaxBytes / MB).toFixed(1)} MB`,
    );
    return cost;
  } finally {
    await running.stop();
  }
}

/** Waits for one interval; a monitor without a timer is asked for one sample in it. */
async function oneInterval(sample: (() => Promise<void>) | undefined, intervalMs: number): Promise<void> {
  const startedMs = performance.now();
  await sample?.();
  await systemClock.sleep(Math.max(0, startedMs + intervalMs - performance.now()));
}
