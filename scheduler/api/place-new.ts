// Chooses the host for a new VM; if none has room and the request says so, waits until others have moved to make room.
import { EvenkeelError } from '../../shared/errors.ts';
import type { VmSpec } from '../../shared/gen/agent.ts';
import type { SchedulerServiceCreateVmRequest } from '../../shared/gen/scheduler.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import type { Core } from '../core.ts';
import { placeNew, type Placement } from '../planner/placement.ts';
import { isSettling, type PendingVm } from '../planner/contract/snapshot.ts';
import { refreshFacts } from './fresh-facts.ts';
import { findHost } from './names.ts';
import { orderSnapshot, refusedOrder, untilKnown } from './orders.ts';

// A few migrations, one after another.
const ROOM_TIMEOUT_MS = 10 * MINUTE_MS;
// Moves that make room show in reports, which ring the bell; the end of settling depends on time alone.
const LOOK_EVERY_MS = 5 * SECOND_MS;

/** The id of the host. Throws FAILED_PRECONDITION with each host's refusal, and with the moves that could make room. */
export async function chooseHost(
  core: Core,
  { host, makeRoom }: SchedulerServiceCreateVmRequest,
  spec: VmSpec,
  signal: AbortSignal,
): Promise<string> {
  const wanted = pendingOf(core, spec);
  const named = host === '' ? undefined : findHost(core.view, 'host', host);
  if (named !== undefined) await untilKnown(core, [named.hostId], signal);
  const place = (): Placement => placeNew(orderSnapshot(core), core.planning.policy, wanted, named?.hostId);
  let found = place();
  if (found.hostId === undefined) {
    await refreshFacts(core, lacking(core, wanted, named?.hostId), signal);
    found = place();
  }
  if (found.hostId !== undefined) return found.hostId;
  if (named !== undefined)
    throw refusedOrder(
      `create VM ${spec.name} on ${named.hostName}`,
      found.refusals.map((refusal) => ({ ...refusal, hostName: '' })),
    );
  if (makeRoom) return roomFor(core, wanted, signal);
  const refused = refusedOrder(`create VM ${spec.name}: no host has room`, found.refusals);
  throw new EvenkeelError(refused.code, `${refused.message}${hintOf(core, wanted)}`);
}

/** The hosts that lack something by their last reports, which may be a minute old; of these, only the named one. */
function lacking(core: Core, { needs = [] }: PendingVm, hostId: string | undefined): Set<string> {
  const hosts = orderSnapshot(core).hosts.filter((host) => hostId === undefined || host.hostId === hostId);
  const lack = hosts.filter(({ traits }) => needs.some((need) => !traits.includes(need)));
  return new Set(lack.map((host) => host.hostId));
}

function pendingOf({ newId }: Core, { name, vcpus, memoryBytes, disks, nics }: VmSpec): PendingVm {
  const needs = (kind: string, names: readonly (string | undefined)[]): string[] =>
    names.flatMap((each) => (each === undefined || each === '' ? [] : [`${kind}:${each}`]));
  return {
    ...{ id: newId(), name, vcpus, memoryMaxBytes: memoryBytes },
    needs: [
      ...new Set([
        ...needs(
          'pool',
          disks.map(({ pool }) => pool),
        ),
        ...needs(
          'network',
          nics.map(({ network }) => network),
        ),
        ...needs(
          'bridge',
          nics.map(({ bridge }) => bridge),
        ),
        ...needs(
          'macvtap',
          nics.map(({ macvtap }) => macvtap),
        ),
      ]),
    ],
  };
}

/** The moves that would make room, in words; empty when none would. */
function hintOf({ planning, mode }: Core, wanted: PendingVm): string {
  if (mode.current() === 'MODE_OBSERVE') return '';
  const { moves } = planning.plan(planning.snapshot({ pending: [wanted], isUnbounded: true }));
  const making = moves
    .filter(({ trigger }) => trigger === 'make_room')
    .map(({ vmName, targetHostName }) => `${vmName} to ${targetHostName}`);
  return making.length === 0 ? '' : `; moving ${making.join(', ')} would make room: add --make-room`;
}

/** Waits until the control loop has made room. */
async function roomFor(core: Core, wanted: PendingVm, signal: AbortSignal): Promise<string> {
  const { watchBell, clock, pending, planning } = core;
  const nowMs = clock.nowMs();
  await pending.add(wanted, nowMs + ROOM_TIMEOUT_MS, nowMs);
  const deadlineMs = clock.monotonicMs() + ROOM_TIMEOUT_MS;
  try {
    while (clock.monotonicMs() < deadlineMs) {
      const seen = watchBell.count;
      refuseHopeless(core, wanted);
      await watchBell.next(seen, signal, LOOK_EVERY_MS);
      const { hostId } = placeNew(orderSnapshot(core), planning.policy, wanted);
      if (hostId !== undefined) return hostId;
    }
  } finally {
    await pending.remove(wanted);
  }
  throw new EvenkeelError(
    'DEADLINE_EXCEEDED',
    `create VM ${wanted.name}: room was not made in time; moves already made stay, see "evenkeel migrations"`,
  );
}

/** Throws when no move can make room. A migration under way, or one that just ended, still may. */
function refuseHopeless({ planning, runner }: Core, wanted: PendingVm): void {
  const snapshot = planning.snapshot({ isUnbounded: true });
  const { atMs, hosts, migrations } = snapshot;
  const settles = hosts.some((host) => isSettling(snapshot, host));
  // The view learns of the end a moment after the journal.
  const hasJustEnded = runner.list().some(({ endedAtMs }) => endedAtMs > atMs - LOOK_EVERY_MS);
  if (migrations.length > 0 || settles || hasJustEnded) return;
  const stay = planning.plan(snapshot).stays.find(({ vmUuid }) => vmUuid === wanted.id);
  if (stay === undefined) return;
  throw refusedOrder(`create VM ${wanted.name}: ${stay.reason}`, stay.refusals);
}
