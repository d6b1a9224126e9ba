// Chooses targets for operator orders, which override modes, cool-downs and never_move, but not memory, rules and faults.
import { EvenkeelError } from '../../shared/errors.ts';
import type { Refusal } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { hostState } from '../cluster/view.ts';
import type { Core } from '../core.ts';
import { placeMigration, type Placement } from '../planner/placement.ts';
import type { Hold, Snapshot, SnapshotHost, SnapshotVm } from '../planner/contract/snapshot.ts';

// Holds that bind evenkeel only; an operator may override them.
const OPERATOR_MAY_OVERRIDE: ReadonlySet<string> = new Set([
  'never_move',
  'control_plane',
  'observing',
  'failed',
]);

const KNOWN_WITHIN_INTERVALS = 3;
const KNOWN_WITHIN_MAX_MS = 10 * SECOND_MS;

/** The snapshot for an order: all modes are ignored. */
export function orderSnapshot({ planning }: Core): Snapshot {
  const snapshot = planning.snapshot({ mode: 'auto', isUnbounded: true });
  return { ...snapshot, hosts: snapshot.hosts.map(withoutMode) };
}

function withoutMode(host: SnapshotHost): SnapshotHost {
  const { mode, ...rest } = host;
  return mode === undefined ? host : rest;
}

/**
 * Waits for complete samples of these hosts: one sample without VMs, because libvirt was busy just then, must not make
 * an operator's order fail. If a host stays unknown for some intervals, the checks decide.
 */
export async function untilKnown(
  { view, watchBell, clock }: Core,
  hostIds: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const hosts = hostIds.flatMap((hostId) => view.hosts.get(hostId) ?? []);
  const waitMs = KNOWN_WITHIN_INTERVALS * Math.max(0, ...hosts.map(({ report }) => report.intervalMs));
  const deadlineMs = clock.monotonicMs() + Math.min(waitMs, KNOWN_WITHIN_MAX_MS);
  for (;;) {
    const seen = watchBell.count;
    const leftMs = deadlineMs - clock.monotonicMs();
    const isUnknown = hostIds.some((hostId) => {
      const host = view.hosts.get(hostId);
      return host !== undefined && hostState(host, clock.nowMs()) === 'HOST_STATE_UNKNOWN';
    });
    if (!isUnknown || leftMs <= 0) return;
    await watchBell.next(seen, signal, leftMs);
  }
}

/** The target for a migration ordered by an operator, who may have named `targetHostId`. Throws FAILED_PRECONDITION. */
export function chooseTarget(core: Core, vmUuid: string, targetHostId?: string): string {
  const { vms, ...rest } = orderSnapshot(core);
  const vm = vms.find(({ uuid }) => uuid === vmUuid);
  const source = rest.hosts.find(({ hostId }) => hostId === vm?.hostId);
  if (vm === undefined || source === undefined)
    throw new EvenkeelError('UNAVAILABLE', 'vm: no host reports it now; wait one sampling interval');
  refuseSource(vm, source);
  const place = (ordered: SnapshotVm): Placement => {
    const snapshot = { ...rest, vms: vms.map((each) => (each === vm ? ordered : each)) };
    return placeMigration(snapshot, core.planning.policy, vmUuid, targetHostId);
  };
  const { hostId, refusals } = place(asOrdered(vm, targetHostId));
  if (hostId !== undefined) return hostId;
  // When every other host has recently refused the VM, one of them is tried again.
  const again = place({ ...asOrdered(vm, targetHostId), refusedTargets: [] });
  if (again.hostId !== undefined) return again.hostId;
  if (targetHostId === undefined) throw refusedOrder(`migrate ${vm.name}: no host can take it`, refusals);
  const name = rest.hosts.find((host) => host.hostId === targetHostId)?.hostName ?? targetHostId;
  const aboutTarget = refusals.map((each) => ({ ...each, hostName: '', vmName: '' }));
  throw refusedOrder(`migrate ${vm.name} to ${name}`, aboutTarget);
}

/** Drops the VM's hold and a named target's earlier refusal, whose reason may be gone. */
function asOrdered(vm: SnapshotVm, targetHostId: string | undefined): SnapshotVm {
  const { held, refusedTargets = [], ...rest } = vm;
  const free = held === undefined ? vm : rest;
  return { ...free, refusedTargets: refusedTargets.filter(({ hostId }) => hostId !== targetHostId) };
}

function refuseSource({ name, held }: SnapshotVm, { hostName, state }: SnapshotHost): void {
  if (state !== 'ready')
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `migrate ${name}: its host ${hostName} is ${state}; check evenkeel-agent and libvirt there`,
    );
  if (held !== undefined && standsAgainst(held))
    throw new EvenkeelError('FAILED_PRECONDITION', `migrate ${name}: ${held.reason} (${held.cure})`);
}

function standsAgainst({ against, code }: Hold): boolean {
  return against === 'every_move' && !OPERATOR_MAY_OVERRIDE.has(code);
}

/** FAILED_PRECONDITION with every refusal and its cure. */
export function refusedOrder(what: string, refusals: readonly Refusal[]): EvenkeelError {
  const reasons = refusals.map(({ hostName, vmName, reason, cure }) => {
    const about = hostName !== '' ? hostName : vmName;
    return `${about === '' ? '' : `${about}: `}${reason} (${cure})`;
  });
  const text = reasons.length === 0 ? 'there is no other host' : reasons.join('; ');
  return new EvenkeelError('FAILED_PRECONDITION', `${what}: ${text}`);
}
