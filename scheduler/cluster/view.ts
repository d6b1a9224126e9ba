// Folds host reports into the cluster view: hosts and VMs, bounded in time and number.
import type { HostFacts, HostReport, VmSample } from '../../shared/gen/telemetry.ts';
import type { Detection } from '../load/hot-hosts.ts';
import type { LoadFigures } from '../planner/contract/snapshot.ts';
import { hostFigures, vmFigures } from '../load/figures.ts';
import { COLD, heatsAfter, type Heats } from '../load/heat.ts';
import { keyOf, replacedBy, rivalsOf, sharedUntilMs, type KnownMachine } from './identity.ts';
import { hostPoint, vmPoint, type HostPoint, type VmPoint } from '../load/load.ts';
import { clockOffsetMs, clockSight, offsetText, type ClockSight } from './clock-offset.ts';
import { evenPoints, settledPoints, staleAfterMs } from '../load/points.ts';

/** One host. Values are replaced, never changed, so a reader may keep one. */
export interface HostView extends KnownMachine {
  readonly hostName: string;
  /** Until then neither source nor target: another machine speaks under the same id. 0 when none does. */
  readonly sharedUntilMs: number;
  /** Ids under which the same machine reported before; what still names one means this host. */
  readonly formerIds: readonly string[];
  readonly clock: ClockSight;
  /** How far its clock is ahead of NATS's, below 0 when behind; 0 when it is right or not known. */
  readonly clockOffsetMs: number;
  /** Load at the latest ticks, oldest first. */
  readonly points: readonly HostPoint[];
  /** Figures of the points since `settledAtMs`, or of the newest point if there are none; undefined before the first. */
  readonly load: LoadFigures | undefined;
  /** Resources that are over their level, and since when. */
  readonly heats: Heats;
  /** Samples of intervals that began before this show an outdated arrangement of VMs. */
  readonly settledAtMs: number;
  /** VMs that it showed as running, and has not since left out of a complete report. */
  readonly shownUuids: ReadonlySet<string>;
}

/** A host's reports that show the VM running there: since when, and the newest one. */
interface Sighting {
  readonly sinceTickMs: number;
  readonly tickAtMs: number;
  readonly intervalMs: number;
  readonly sample: VmSample;
}

/** One VM, by uuid: its history follows it from host to host. */
export interface VmView {
  readonly uuid: string;
  /** The host that runs it; undefined between the reports of two hosts during a move, and after it was shut off. */
  readonly hostId: string | undefined;
  readonly sample: VmSample;
  readonly tickAtMs: number;
  /** Load at the latest ticks, oldest first, evenly spaced: none from before a gap. */
  readonly points: readonly VmPoint[];
  /** Figures of the points, without a forecast; undefined before the first. */
  readonly load: LoadFigures | undefined;
  readonly sightings: ReadonlyMap<string, Sighting>;
  /** Other hosts that still show it running: a warning for operators, never a reason to act. */
  readonly alsoOnHostIds: readonly string[];
}

/** Everything known. The maps change as reports come in, so a decision reads them without awaiting in between. */
export interface ClusterView {
  readonly hosts: Map<string, HostView>;
  /** The latest report of each host that was refused, by its id: why, and when NATS stored it. */
  readonly refusals: Map<string, { readonly reason: string; readonly atMs: number }>;
  readonly vms: Map<string, VmView>;
}

export interface ViewLimits {
  /** Points kept of each host and VM. */
  readonly historySamples: number;
  /** A host that has sent nothing for this long is forgotten. */
  readonly hostForgetAfterMs: number;
}

// Longer than any hand-over between two hosts' reports, short enough that removed VMs do not pile up.
const VM_FORGET_AFTER_MS = 10 * 60_000;
// An agent that restarts more often than this within the redelivery window has other problems.
const EARLIER_BOOTS_MAX = 4;
// libvirt makes up an id at each start where the board has none; older ones are named by nothing that still runs.
const FORMER_IDS_MAX = 8;

export function emptyView(): ClusterView {
  return { hosts: new Map(), refusals: new Map(), vms: new Map() };
}

/**
 * Takes in one report that NATS stored at `storedAtMs`. Returns false for a report that is old or already known.
 * A report is old by sequence within a boot of the agent, and by tick between boots.
 */
export function foldReport(
  view: ClusterView,
  report: HostReport,
  storedAtMs: number,
  detection: Detection,
  limits: ViewLimits,
): boolean {
  const key = keyOf(view.hosts, report);
  if (key === undefined) return false;
  const before = view.hosts.get(key);
  if (before !== undefined && !isNews(before, report)) return false;
  const formerIds = takeOver(view, key, report);
  const observedAtMs = Math.min(report.tickAtMs, storedAtMs);
  const points = pointsAfter(before, report, limits);
  const settledAtMs = before?.settledAtMs ?? 0;
  const settled = settledPoints(points, settledAtMs);
  const clock = clockSight(report, storedAtMs);
  const host = {
    hostId: key,
    hostName: report.hostName,
    report,
    observedAtMs,
    bootAtMs: bootAtMs(before, report, observedAtMs),
    clock,
    clockOffsetMs: clockOffsetMs(before?.clock, clock),
    earlierBootIds: earlierBoots(before, report),
    formerIds,
    sharedUntilMs: 0,
    points,
    load: hostLoad(points, settled, detection),
    heats: heatsAfter(before?.heats ?? COLD, settled, detection),
    settledAtMs,
    shownUuids: foldVms(view, { ...report, hostId: key }, before?.shownUuids ?? new Set(), detection, limits),
  };
  const rivals = rivalsOf(view.hosts, host);
  const untilMs = sharedUntilMs(rivals, host);
  for (const each of [host, ...rivals]) view.hosts.set(each.hostId, { ...each, sharedUntilMs: untilMs });
  return true;
}

function pointsAfter(
  before: HostView | undefined,
  report: HostReport,
  limits: ViewLimits,
): readonly HostPoint[] {
  const point = hostPoint(report);
  return point === undefined ? (before?.points ?? []) : append(before?.points, point, limits);
}

/** Notes that a report was refused, so that a host whose reports all are can say why it is stale. Unknown hosts are left out. */
export function noteRefusal(view: ClusterView, hostId: string, reason: string, atMs: number): void {
  if (view.hosts.has(hostId)) view.refusals.set(hostId, { reason, atMs });
}

/** What is wrong with the host's clock or its reports; empty when nothing is. */
export function clockWarning(
  view: ClusterView,
  { hostId, observedAtMs, clockOffsetMs: offsetMs }: HostView,
): string {
  const refusal = view.refusals.get(hostId);
  if (refusal !== undefined && refusal.atMs > observedAtMs)
    return `its reports are refused: ${refusal.reason}`;
  if (offsetMs === 0) return '';
  const where = offsetMs > 0 ? 'ahead of' : 'behind';
  return `its clock is ${offsetText(offsetMs)} ${where} that of NATS, and migrations from and to it are refused; set its clock and check its time synchronisation`;
}

/** Takes in what a VM's host says of it between its reports. */
export function foldSight(
  view: ClusterView,
  hostId: string,
  vmUuid: string,
  sight: Partial<Pick<VmSample, 'obstacles' | 'state'>>,
): void {
  const vm = view.vms.get(vmUuid);
  if (vm?.hostId === hostId) view.vms.set(vmUuid, { ...vm, sample: { ...vm.sample, ...sight } });
}

/** Takes in what a host says, between its reports, of what it has. */
export function learnFacts(view: ClusterView, hostId: string, facts: HostFacts): void {
  const host = view.hosts.get(hostId);
  if (host !== undefined) view.hosts.set(hostId, { ...host, report: { ...host.report, facts } });
}

/** Removes the entries that the report makes obsolete; returns the former ids of its host. */
function takeOver(view: ClusterView, key: string, report: HostReport): readonly string[] {
  const formerIds = new Set(view.hosts.get(key)?.formerIds);
  for (const hostId of replacedBy(view.hosts, key, report)) {
    const replaced = view.hosts.get(hostId);
    forgetHost(view, hostId);
    // A machine that shared this id keeps nothing of the other one.
    if (replaced !== undefined && replaced.report.hostId !== report.hostId)
      for (const id of [...replaced.formerIds, hostId]) formerIds.add(id);
  }
  formerIds.delete(key);
  return [...formerIds].slice(-FORMER_IDS_MAX);
}

function forgetHost(view: ClusterView, hostId: string): void {
  const shown = view.hosts.get(hostId)?.shownUuids ?? [];
  view.hosts.delete(hostId);
  view.refusals.delete(hostId);
  for (const uuid of shown) dropSighting(view, uuid, hostId);
}

/** The host with the id, or the one that had it before. */
export function hostById(view: ClusterView, hostId: string): HostView | undefined {
  const host = view.hosts.get(hostId);
  if (host !== undefined) return host;
  for (const each of view.hosts.values()) if (each.formerIds.includes(hostId)) return each;
  return undefined;
}

function isNews(host: HostView, report: HostReport): boolean {
  if (report.bootId === host.report.bootId) return report.sequence > host.report.sequence;
  return !host.earlierBootIds.includes(report.bootId) && report.tickAtMs > host.observedAtMs;
}

function bootAtMs(before: HostView | undefined, { bootId }: HostReport, observedAtMs: number): number {
  return before?.report.bootId === bootId ? before.bootAtMs : observedAtMs;
}

function earlierBoots(before: HostView | undefined, report: HostReport): readonly string[] {
  if (before === undefined) return [];
  if (before.report.bootId === report.bootId) return before.earlierBootIds;
  return [...before.earlierBootIds, before.report.bootId].slice(-EARLIER_BOOTS_MAX);
}

function append<T>(points: readonly T[] | undefined, point: T, { historySamples }: ViewLimits): readonly T[] {
  return [...(points ?? []).slice(-(historySamples - 1)), point];
}

/** Called after a migration from or to the host: what was measured before no longer describes it. */
export function settleHost(view: ClusterView, hostId: string, atMs: number, detection: Detection): void {
  const host = view.hosts.get(hostId);
  if (host === undefined || host.settledAtMs >= atMs) return;
  const load = hostLoad(host.points, settledPoints(host.points, atMs), detection);
  view.hosts.set(hostId, { ...host, settledAtMs: atMs, load, heats: COLD });
}

/** A host that is settling cannot be a target, but its memory still counts. */
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
  shownBefore: ReadonlySet<string>,
  detection: Detection,
  limits: ViewLimits,
): ReadonlySet<string> {
  const running = report.vms.filter((vm) => vm.counted || vm.stuck);
  const listed = new Set(running.map(({ uuid }) => uuid));
  for (const sample of running) foldVm(view, report, sample, detection, limits);
  for (const uuid of shownBefore) {
    const since = view.vms.get(uuid)?.sightings.get(report.hostId)?.sinceTickMs ?? 0;
    // Only a complete report shows that a VM is gone, and none shows that of a VM that came after its tick.
    if (listed.has(uuid) || !report.vmsComplete || since > report.tickAtMs) listed.add(uuid);
    else dropSighting(view, uuid, report.hostId);
  }
  return listed;
}

/** Moves the VM as soon as a migration was seen to end on the target, before the hosts' next reports. */
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
  const sightings = new Map(vm.sightings);
  const intervalMs = target.report.intervalMs;
  const sample = { ...vm.sample, migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED' as const };
  sightings.delete(fromHostId);
  sightings.set(toHostId, { sinceTickMs: atMs, tickAtMs: atMs, intervalMs, sample });
  view.vms.set(uuid, { ...vm, ...ownership(sightings, sample, atMs) });
  view.hosts.set(toHostId, { ...target, shownUuids: new Set([...target.shownUuids, uuid]) });
}

function foldVm(
  view: ClusterView,
  report: HostReport,
  sample: VmSample,
  detection: Detection,
  limits: ViewLimits,
): void {
  const before = view.vms.get(sample.uuid);
  const sightings = new Map(before?.sightings);
  sightings.set(report.hostId, {
    sinceTickMs: sightings.get(report.hostId)?.sinceTickMs ?? report.tickAtMs,
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
    ...ownership(sightings, sample, report.tickAtMs),
  });
}

function dropSighting(view: ClusterView, uuid: string, hostId: string): void {
  const vm = view.vms.get(uuid);
  if (vm === undefined) return;
  const sightings = new Map(vm.sightings);
  sightings.delete(hostId);
  view.vms.set(uuid, { ...vm, ...ownership(sightings, vm.sample, vm.tickAtMs) });
}

type Ownership = Pick<VmView, 'hostId' | 'sample' | 'tickAtMs' | 'sightings' | 'alsoOnHostIds'>;

/**
 * The host that runs the VM: the one that began last to show it, since a migration brought it there. Another host that
 * still shows it more than an interval later makes that doubtful; a hand-over overlaps by one tick.
 */
function ownership(sightings: ReadonlyMap<string, Sighting>, sample: VmSample, tickAtMs: number): Ownership {
  let owner: [string, Sighting] | undefined;
  for (const entry of sightings)
    if (owner === undefined || entry[1].sinceTickMs > owner[1].sinceTickMs) owner = entry;
  if (owner === undefined) return { hostId: undefined, sample, tickAtMs, sightings, alsoOnHostIds: [] };
  const [hostId, sighting] = owner;
  const alsoOnHostIds = [...sightings]
    .filter(
      ([other, { tickAtMs: at }]) => other !== hostId && at > sighting.sinceTickMs + sighting.intervalMs,
    )
    .map(([other]) => other);
  return { hostId, sample: sighting.sample, tickAtMs: sighting.tickAtMs, sightings, alsoOnHostIds };
}

/** Forgets hosts that are long gone and VMs that no host shows. */
export function forgetOld(view: ClusterView, nowMs: number, { hostForgetAfterMs }: ViewLimits): void {
  for (const host of view.hosts.values()) {
    if (nowMs - host.observedAtMs <= hostForgetAfterMs) continue;
    forgetHost(view, host.hostId);
  }
  for (const vm of view.vms.values())
    if (vm.hostId === undefined && nowMs - vm.tickAtMs > VM_FORGET_AFTER_MS) view.vms.delete(vm.uuid);
}

export type HostState = 'HOST_STATE_READY' | 'HOST_STATE_UNKNOWN' | 'HOST_STATE_STALE';

/** Decides whether the host's figures may be acted on. */
export function hostState(host: HostView, nowMs: number): HostState {
  if (nowMs - host.observedAtMs > staleAfterMs(host.report.intervalMs)) return 'HOST_STATE_STALE';
  if (nowMs < host.sharedUntilMs) return 'HOST_STATE_UNKNOWN';
  return host.report.vmsComplete && host.report.facts !== null ? 'HOST_STATE_READY' : 'HOST_STATE_UNKNOWN';
}

/** The VMs that the host runs, in order of name. */
export function vmsOf(view: ClusterView, host: HostView): VmView[] {
  const vms: VmView[] = [];
  for (const uuid of host.shownUuids) {
    const vm = view.vms.get(uuid);
    if (vm?.hostId === host.hostId) vms.push(vm);
  }
  return vms.sort((a, b) => (a.sample.name < b.sample.name ? -1 : 1));
}
