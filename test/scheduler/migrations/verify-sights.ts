// Names what a look at both hosts may show, for the tests of what follows from it.
import type { Migration, VmStateReason } from '../../../shared/gen/telemetry.ts';
import type { SeenVm, Sight } from '../../../scheduler/migrations/verdict.ts';
import type { Known, Sights } from '../../../scheduler/migrations/verify-next.ts';
import { migration } from '../model-cluster.ts';

export const NOW_MS = 1_000_000;
export const EPOCH = 7;

function shows(state: SeenVm['state'], stateReason: VmStateReason, given: Partial<SeenVm> = {}): Sight {
  const role = 'VM_MIGRATION_ROLE_UNSPECIFIED' as const;
  const vm = { state, stateReason, migrationRole: role, libvirtId: 7, processEnded: false, ...given };
  return { kind: 'present', vm, atMs: NOW_MS, epoch: EPOCH };
}

const OUTGOING = { migrationRole: 'VM_MIGRATION_ROLE_OUTGOING' } as const;
const INCOMING = { migrationRole: 'VM_MIGRATION_ROLE_INCOMING' } as const;
const SIGHTS = {
  unreachable: { kind: 'unreachable', reason: 'no route' },
  absent: { kind: 'absent', atMs: NOW_MS, epoch: EPOCH },
  running: shows('VM_STATE_RUNNING', 'VM_STATE_REASON_UNSPECIFIED'),
  resumed: shows('VM_STATE_RUNNING', 'VM_STATE_REASON_UNPAUSED'),
  copying: shows('VM_STATE_RUNNING', 'VM_STATE_REASON_UNSPECIFIED', OUTGOING),
  incoming: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_MIGRATION', INCOMING),
  ending: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_MIGRATION', { ...OUTGOING, processEnded: true }),
  postcopy: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_POST_COPY_FAILED'),
  paused: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_MIGRATION'),
  suspended: shows('VM_STATE_PAUSED', 'VM_STATE_REASON_USER'),
  off: shows('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_FAILED'),
  migrated: shows('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_MIGRATED'),
  crashed: shows('VM_STATE_SHUT_OFF', 'VM_STATE_REASON_CRASHED'),
} as const satisfies Record<string, Sight>;

/** Stands for what a look at one host shows. */
export type Name = keyof typeof SIGHTS;
export const NAMES: Name[] = Object.keys(SIGHTS).filter((name): name is Name => name in SIGHTS);

/** Makes what a look at both hosts shows. */
export function sightsOf(source: Name, target: Name, atMs = NOW_MS, isHeldBySource = false): Sights {
  const stamp = (sight: Sight): Sight => (sight.kind === 'unreachable' ? sight : { ...sight, atMs });
  return { source: stamp(SIGHTS[source]), target: stamp(SIGHTS[target]), isHeldBySource };
}

/** A state of a migration, without MIGRATION_STATE_ before it. */
export type Place = 'VERIFYING' | 'CLEANUP' | 'UNKNOWN' | 'SPLIT';

/** A migration that is in this state since NOW_MS. */
export function known(place: Place, given: Partial<Migration> = {}, besides: Partial<Known> = {}): Known {
  return {
    ...{ sinceMs: NOW_MS, isDismissed: false, told: '', downtimeMs: undefined, ...besides },
    migration: migration({
      ...{ state: `MIGRATION_STATE_${place}`, epoch: EPOCH, commitMode: 'COMMIT_MODE_PAUSED', ...given },
    }),
  };
}
