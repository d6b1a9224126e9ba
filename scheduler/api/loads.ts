// Serves hosts and VMs with their load, as lists and as a live stream.
import type {
  HostLoad,
  ListHostsResponseInput,
  ListVmLoadsRequest,
  ListVmLoadsResponseInput,
  VmLoad,
  WatchLoadRequest,
  WatchLoadResponseInput,
} from '../../shared/gen/scheduler.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { hotResources } from '../load/heat.ts';
import { allocatedBytes } from '../load/load.ts';
import { addressed, rivalsOf } from '../cluster/identity.ts';
import {
  clockWarning,
  hostState,
  vmsOf,
  type ClusterView,
  type HostView,
  type VmView,
} from '../cluster/view.ts';
import type { Core } from '../core.ts';
import type { Ledger } from '../restraint/ledger.ts';
import { activeVms, findHost } from './names.ts';

// Faster than agents sample and anyone reads would be waste; slower than a minute looks dead.
const WATCH_MIN_MS = 200;
const WATCH_MAX_MS = 60 * SECOND_MS;
const WATCH_DEFAULT_MS = SECOND_MS;
// A frame is sent this often even when nothing changed, so that ages and stale marks stay right.
const WATCH_IDLE_MS = 5 * SECOND_MS;

export function listHosts(core: Core): ListHostsResponseInput {
  const ledger = core.ledger();
  return { hosts: sortedHosts(core).map((host) => hostLoad(core, ledger, host)) };
}

export function listVmLoads(core: Core, request: ListVmLoadsRequest): ListVmLoadsResponseInput {
  const ledger = core.ledger();
  const vms =
    request.host === '' ? activeVms(core.view) : vmsOf(core.view, findHost(core.view, 'host', request.host));
  return { vms: sortedVms(vms).map((vm) => vmLoad(core, ledger, vm)) };
}

/** Yields one frame at once, then one after each change, at most one an interval. */
export async function* watchLoad(
  core: Core,
  { intervalMs }: WatchLoadRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchLoadResponseInput, void, undefined> {
  const wanted = intervalMs === 0 ? WATCH_DEFAULT_MS : intervalMs;
  const pauseMs = Math.min(Math.max(wanted, WATCH_MIN_MS), WATCH_MAX_MS);
  while (!signal.aborted) {
    const seen = core.watchBell.count;
    const ledger = core.ledger();
    yield {
      atMs: core.clock.nowMs(),
      hosts: sortedHosts(core).map((host) => hostLoad(core, ledger, host)),
      vms: sortedVms(activeVms(core.view)).map((vm) => vmLoad(core, ledger, vm)),
      migrations: [...ledger.active],
    };
    await core.clock.sleep(pauseMs, signal);
    await core.watchBell.next(seen, signal, WATCH_IDLE_MS);
  }
}

export function hostLoad({ view, clock, maintenance }: Core, ledger: Ledger, host: HostView): HostLoad {
  const point = host.points.at(-1);
  return {
    hostId: host.hostId,
    hostName: host.hostName,
    state: hostState(host, clock.nowMs()),
    lastReportAtMs: host.observedAtMs,
    facts: host.report.facts,
    sample: host.report.host,
    agent: host.report.agent,
    vmsRunning: vmsOf(view, host).length,
    memoryAllocatedBytes: allocatedBytes(host.report),
    cpuDemandRatio: point?.cpu.ratio ?? 0,
    memoryUsedRatio: point?.memory.ratio ?? 0,
    hotResources: hotResources(host),
    hotSinceMs: hottestSinceMs(host),
    migrationsIn: ledger.inByHost.get(host.hostId) ?? 0,
    migrationsOut: ledger.outByHost.get(host.hostId) ?? 0,
    inMaintenance: maintenance.of(view, host.hostId) !== undefined,
    warning: hostWarning(view, host),
  };
}

function hostWarning(view: ClusterView, host: HostView): string {
  const ofId = sharedIdWarning(view, host);
  if (ofId !== '') return ofId;
  const ofClock = clockWarning(view, host);
  return ofClock === '' ? '' : `${host.hostName}: ${ofClock}`;
}

/** Names the machines that report under one id, and how to give each its own. */
function sharedIdWarning(view: ClusterView, host: HostView): string {
  const rivals = rivalsOf(view.hosts, host);
  if (host.sharedUntilMs === 0 || rivals.length === 0) return '';
  const names = rivals.map(addressed).join(' and ');
  return `${addressed(host)} reports under the same host id as ${names}, ${host.report.hostId}: neither is used as source or target; set a different host_uuid in libvirtd.conf on one of them, and restart libvirtd there`;
}

/** When the host became hot in any resource; 0 when it is not hot. */
function hottestSinceMs(host: HostView): number {
  const since = hotResources(host).map((resource) => host.heats[resource]?.sinceMs ?? 0);
  return since.length === 0 ? 0 : Math.min(...since);
}

export function vmLoad({ view, clock }: Core, ledger: Ledger, vm: VmView): VmLoad {
  const host = view.hosts.get(vm.hostId ?? '');
  return {
    sample: vm.sample,
    hostId: vm.hostId ?? '',
    hostName: host?.hostName ?? '',
    lastReportAtMs: vm.tickAtMs,
    coolDownUntilMs: ledger.coolDowns.get(vm.uuid)?.untilMs ?? 0,
    migrationId: ledger.activeByVm.get(vm.uuid)?.migrationId ?? '',
    warning: warningOf({ view, clock }, vm, host),
  };
}

function warningOf(
  { view, clock }: Pick<Core, 'view' | 'clock'>,
  vm: VmView,
  host: HostView | undefined,
): string {
  if (vm.alsoOnHostIds.length > 0) {
    const names = vm.alsoOnHostIds.map((hostId) => view.hosts.get(hostId)?.hostName ?? hostId);
    return `also reported as running by ${names.join(', ')}: check at once, only one copy may run`;
  }
  if (host === undefined) return 'no host reports it now';
  switch (hostState(host, clock.nowMs())) {
    case 'HOST_STATE_STALE':
      return `no recent report from ${host.hostName}; the VM may be elsewhere or off`;
    case 'HOST_STATE_UNKNOWN':
      if (host.sharedUntilMs > clock.nowMs()) return sharedIdWarning(view, host);
      return `libvirt on ${host.hostName} does not answer its agent`;
    case 'HOST_STATE_READY':
      return vm.sample.stuck ? 'its QEMU does not answer' : '';
  }
}

function sortedHosts({ view }: Core): HostView[] {
  return [...view.hosts.values()].sort((a, b) => (a.hostName < b.hostName ? -1 : 1));
}

function sortedVms(vms: readonly VmView[]): VmView[] {
  return vms.toSorted((a, b) => (a.sample.name < b.sample.name ? -1 : 1));
}
