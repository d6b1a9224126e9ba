// The cluster as the reports show it: a fold of HostReports into hosts and VMs, bounded in time and number.
import type { HostReport, VmSample } from '../../shared/gen/telemetry.ts';
import type { Detection } from '../load/hot-hosts.ts';
import type { LoadFigures } from '../planner/contract/snapshot.ts';
import { hostFigures, vmFigures } from '../load/figures.ts';
import { COLD, heatsAfter, type Heats } from '../load/heat.ts';
import { hostPoint, vmPoint, type HostPoint, type VmPoint } from '../load/load.ts';
import { evenPoints, settledPoints, staleAfterMs } from '../load/points.ts';

/** One host. Values are replaced, never changed, so a reader may keep one as long as it likes. */
export interface HostView {
  readonly hostId: string;
  readonly hostName: string;
  readonly report: HostReport;
  /** Age of the knowledge: the tick, but never later than when NATS stored it (an agent's clock may run ahead). */
  readonly observedAtMs: number;
  /** Boots of the agent before this one, so that a late report of theirs is known as old. */
  readonly earlierBootIds: readonly string[];
  /** Load at the latest ticks, oldest first. */
  readonly points: readonly HostPoint[];
  /** What the points since `settledAtMs` come to, or the newest one without any; undefined before the first. */
  readonly load: LoadFigures | undefined;
  /** The resources that are over their level, and since when. */
  readonly heats: Heats;
  /** Samples of ticks that began before this show an arrangement of VMs that is gone. */
  readonly settledAtMs: number;
  /** VMs that it said it runs, and did not take back since in a complete report. */
  readonly claimedUuids: ReadonlySet<string>;
}

/** A host's word that it runs the VM. */
interface Claim {
  readonly sinceTickMs: number;
  readonly tickAtMs: number;
  readonly intervalMs: number;
  readonly sample: VmSample;
}

/** One VM, by uuid: its history goes with it from host to host. */
export interface VmView {
  readonly uuid: string;
  /** The host that runs it; undefined in the moment between two hosts' reports and after it was shut off. */
  readonly hostId: string | undefined;
  readonly sample: VmSample;
  readonly tickAtMs: number;
  /** Load at the latest ticks, oldest first, evenly spaced: none from before a gap. */
  readonly points: readonly VmPoint[];
  /** What the points come to, without a forecast; undefined before the first. */
  readonly load: LoadFigures | undefined;
  readonly claims: ReadonlyMap<string, Claim>;
  /** Other hosts that go on showing it running: a warning for people, never a reason to act. */
  readonly alsoOnHostIds: readonly string[];
}

/** Everything known. The maps change as reports come in; a decision reads them without waiting in between. */
export interface ClusterView {
  readonly hosts: Map<string, HostView>;
  readonly vms: Map<string, VmView>;
}

export interface ViewLimits {
  /** Points kept of each host and VM. */
  readonly historySamples: number;
  /** A host that sent nothing for this long is forgotten. */
  readonly hostForgetAfterMs: number;
}

// Longer than any hand-over between two hosts' reports, short enough that VMs that were removed do not pile up.
const VM_FORGET_AFTER_MS = 10 * 60_000;
// An agent that restarts more often than this within the redelivery window has other troubles.
const EARLIER_BOOTS_MAX = 4;

export function emptyView(): ClusterView {
  return { hosts: new Map(), vms: new Map() };
}

/**
 * Takes in one report that NATS stored at `storedAtMs`. Returns false for one that is old or known already.
 * A report is old by sequence within a boot of the agent, and by tick between boots.
 */
export function foldReport(
  view: ClusterView,
  report: HostReport,
  storedAtMs: number,
  detection: Detection,
  limits: ViewLimits,
): boolean {
  const before = view.hosts.get(report.hostId);
  if (before !== undefined && !isNews(before, report)) return false;
  const point = hostPoint(report);
  const points = point === undefined ? (before?.points ?? []) : append(before?.points, point, limits);
  const settledAtMs = before?.settledAtMs ?? 0;
  const settled = settledPoints(points, settledAtMs);
  view.hosts.set(report.hostId, {
    hostId: report.hostId,
    hostName: report.hostName,
    report,
    observedAtMs: Math.min(report.tickAtMs, storedAtMs),
    earlierBootIds: earlierBoots(before, report),
    points,
    load: hostLoad(points, settled, detection),
    heats: heatsAfter(before?.heats ?? COLD, settled, detection),
    settledAtMs,
    claimedUuids: foldVms(view, report, before?.claimedUuids ?? new Set(), detection, limits),
  });
  return true;
}

function isNews(host: HostView, report: HostReport): boolean {
  if (report.bootId === host.report.bootId) return report.sequence > host.report.sequence;
  return !host.earlierBootIds.includes(report.bootId) && report.tickAtMs > host.observedAtMs;
}

function earlierBoots(before: HostView | undefined, report: HostReport): readonly string[] {
  if (before === undefined) return [];
  if (before.report.bootId === report.bootId) return before.earlierBootIds;
  return [...before.earlierBootIds, before.report.bootId].slice(-EARLIER_BOOTS_MAX);
}

function append<T>(points: readonly T[] | undefined, point: T, { historySamples }: ViewLimits): readonly T[] {
  return [...(points ?? []).slice(-(historySamples - 1)), point];
}

/** After VMs came or went by a migration: what was measured before says nothing about the host any more. */
export function settleHost(view: ClusterView, hostId: string, atMs: number, detection: Detection): void {
  const host = view.hosts.get(hostId);
  if (host === undefined || host.settledAtMs >= atMs) return;
  const load = hostLoad(host.points, settledPoints(host.points, atMs), detection);
  view.hosts.set(hostId, { ...host, settledAtMs: atMs, load, heats: COLD });
}

/** A host that has just settled is no target, but its memory still has to be respected. */
function hostLoad(
  points: readonly HostPoint[],
  settled: readonly HostPoint[],
  detection: Detection,
): LoadFigures | undefined {
  return hostFigures(settled.length > 0 ? settled : points.slice(-1), detection);
}

function foldVms(
  view: ClusterView,
  report: HostReport,
  claimedBefore: ReadonlySet<string>,
  detection: Detection,
  limits: ViewLimits,
): ReadonlySet<string> {
  const running = report.vms.filter((vm) => vm.counted || vm.stuck);
  const listed = new Set(running.map(({ uuid }) => uuid));
  for (const sample of running) foldVm(view, report, sample, detection, limits);
  for (const uuid of claimedBefore) {
    const since = view.vms.get(uuid)?.claims.get(report.hostId)?.sinceTickMs ?? 0;
    // Only a complete report says that a VM is not there, and none says so of what came after its tick.
    if (listed.has(uuid) || !report.vmsComplete || since > report.tickAtMs) listed.add(uuid);
    else dropClaim(view, uuid, report.hostId);
  }
  return listed;
}

/** A migration was seen to have ended on the target: known at once, not only with the hosts' next reports. */
export function moveVm(
  view: ClusterView,
  uuid: string,
  fromHostId: string,
  toHostId: string,
  atMs: number,
): void {
  const vm = view.vms.get(uuid);
  const target = view.hosts.get(toHostId);
  if (vm === undefined || target === undefined) return;
  const claims = new Map(vm.claims);
  const intervalMs = target.report.intervalMs;
  const sample = { ...vm.sample, migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED' as const };
  claims.delete(fromHostId);
  claims.set(toHostId, { sinceTickMs: atMs, tickAtMs: atMs, intervalMs, sample });
  view.vms.set(uuid, { ...vm, ...ownership(claims, sample, atMs) });
  view.hosts.set(toHostId, { ...target, claimedUuids: new Set([...target.claimedUuids, uuid]) });
}

function foldVm(
  view: ClusterView,
  report: HostReport,
  sample: VmSample,
  detection: Detection,
  limits: ViewLimits,
): void {
  const before = view.vms.get(sample.uuid);
  const claims = new Map(before?.claims);
  claims.set(report.hostId, {
    sinceTickMs: claims.get(report.hostId)?.sinceTickMs ?? report.tickAtMs,
    tickAtMs: report.tickAtMs,
    intervalMs: report.intervalMs,
    sample,
  });
  const point = vmPoint(report, sample);
  const known = before?.points ?? [];
  const points = point === undefined ? known : evenPoints(known, point, limits.historySamples);
  view.vms.set(sample.uuid, {
    uuid: sample.uuid,
    points,
    load: point === undefined ? before?.load : vmFigures(points, detection, false),
    ...ownership(claims, sample, report.tickAtMs),
  });
}

function dropClaim(view: ClusterView, uuid: string, hostId: string): void {
  const vm = view.vms.get(uuid);
  if (vm === undefined) return;
  const claims = new Map(vm.claims);
  claims.delete(hostId);
  view.vms.set(uuid, { ...vm, ...ownership(claims, vm.sample, vm.tickAtMs) });
}

type Ownership = Pick<VmView, 'hostId' | 'sample' | 'tickAtMs' | 'claims' | 'alsoOnHostIds'>;

/**
 * Who runs it: the host that began to say so last, for that is where a migration brought it. A host that still
 * says so more than an interval after that makes it doubtful; one tick of overlap is how a hand-over looks.
 */
function ownership(claims: ReadonlyMap<string, Claim>, sample: VmSample, tickAtMs: number): Ownership {
  let owner: [string, Claim] | undefined;
  for (const entry of claims)
    if (owner === undefined || entry[1].sinceTickMs > owner[1].sinceTickMs) owner = entry;
  if (owner === undefined) return { hostId: undefined, sample, tickAtMs, claims, alsoOnHostIds: [] };
  const [hostId, claim] = owner;
  const alsoOnHostIds = [...claims]
    .filter(([other, { tickAtMs: at }]) => other !== hostId && at > claim.sinceTickMs + claim.intervalMs)
    .map(([other]) => other);
  return { hostId, sample: claim.sample, tickAtMs: claim.tickAtMs, claims, alsoOnHostIds };
}

/** Forgets hosts that are long gone and VMs that no host shows. Called now and then. */
export function forgetOld(view: ClusterView, nowMs: number, { hostForgetAfterMs }: ViewLimits): void {
  for (const host of view.hosts.values()) {
    if (nowMs - host.observedAtMs <= hostForgetAfterMs) continue;
    view.hosts.delete(host.hostId);
    for (const uuid of host.claimedUuids) dropClaim(view, uuid, host.hostId);
  }
  for (const vm of view.vms.values())
    if (vm.hostId === undefined && nowMs - vm.tickAtMs > VM_FORGET_AFTER_MS) view.vms.delete(vm.uuid);
}

export type HostState = 'HOST_STATE_READY' | 'HOST_STATE_UNKNOWN' | 'HOST_STATE_STALE';

/** Whether what we know of the host may be acted on. */
export function hostState(host: HostView, nowMs: number): HostState {
  if (nowMs - host.observedAtMs > staleAfterMs(host.report.intervalMs)) return 'HOST_STATE_STALE';
  return host.report.vmsComplete && host.report.facts !== null ? 'HOST_STATE_READY' : 'HOST_STATE_UNKNOWN';
}

/** The VMs that the host runs, in order of name. */
export function vmsOf(view: ClusterView, host: HostView): VmView[] {
  const vms: VmView[] = [];
  for (const uuid of host.claimedUuids) {
    const vm = view.vms.get(uuid);
    if (vm?.hostId === host.hostId) vms.push(vm);
  }
  return vms.sort((a, b) => (a.sample.name < b.sample.name ? -1 : 1));
}
