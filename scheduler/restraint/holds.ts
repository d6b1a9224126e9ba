// Finds the holds of a VM, which keep it where it is whatever the target: first those against every move, then those
// against optional moves.
import { causeWord } from '../../shared/cause-word.ts';
import type { VmSample } from '../../shared/gen/telemetry.ts';
import { isForOperator } from '../migrations/machine.ts';
import type { Ledger } from './ledger.ts';
import type { Hold } from '../planner/contract/snapshot.ts';
import { clockTime } from '../planner/contract/words.ts';

/** The part of a VM in the view that a hold depends on. */
export interface HeldVm {
  readonly uuid: string;
  readonly sample: VmSample;
  readonly tickAtMs: number;
  readonly alsoOnHostIds: readonly string[];
}

export interface HoldRules {
  readonly ledger: Ledger;
  /** When a migration to or from the VM's host ended last. */
  readonly settledAtMs: number;
  /** Samples that a VM needs before it is judged. */
  readonly windowSamples: number;
  /** Names and uuids of VMs that evenkeel itself runs on, besides those whose metadata say so. */
  readonly controlPlaneVms: ReadonlySet<string>;
}

/** Undefined for a VM that is free to move. `samples` is the number of samples known of it. */
export function holdOf(vm: HeldVm, samples: number, rules: HoldRules): Hold | undefined {
  return (
    holdByDoubt(vm) ??
    holdByMigration(vm, rules.ledger) ??
    holdBySample(vm, rules.settledAtMs) ??
    holdByOwner(vm, rules.controlPlaneVms) ??
    holdByObstacle(vm) ??
    holdByFailure(vm, rules.ledger) ??
    holdByTime(vm, samples, rules)
  );
}

function always(code: string, reason: string, cure: string): Hold {
  return { code, reason, cure, against: 'every_move' };
}

function holdByDoubt({ alsoOnHostIds }: HeldVm): Hold | undefined {
  if (alsoOnHostIds.length === 0) return undefined;
  return always(
    'ambiguous',
    'more than one host shows it running',
    'check it immediately, and stop the copy that must not run',
  );
}

function holdByMigration({ uuid }: HeldVm, ledger: Ledger): Hold | undefined {
  const active = ledger.activeByVm.get(uuid);
  if (active !== undefined && isForOperator(active.state))
    return always(
      'unknown_outcome',
      `the outcome of its migration ${active.migrationId} is unknown: ${active.outcome}`,
      'put it in order by hand; evenkeel keeps checking by itself',
    );
  if (active !== undefined)
    return always('migrating', 'a migration of it is under way', 'wait, or see "evenkeel migrations"');
  return undefined;
}

/** A sample from before the end of a migration may show the VM as paused or arriving, which is over. */
function holdBySample({ sample, tickAtMs }: HeldVm, settledAtMs: number): Hold | undefined {
  const hold = holdByForeignMigration(sample) ?? holdByState(sample);
  if (hold === undefined || tickAtMs >= settledAtMs) return hold;
  return always(
    'settling',
    'it has not been sampled since a migration of its host ended',
    'wait one sampling interval',
  );
}

function holdByForeignMigration({ migrationRole }: VmSample): Hold | undefined {
  if (migrationRole === 'VM_MIGRATION_ROLE_UNSPECIFIED') return undefined;
  return always('migrating', 'it is in a migration that evenkeel did not order', 'wait until it has ended');
}

function holdByState({ stuck, state }: VmSample): Hold | undefined {
  if (stuck)
    return always('stuck', 'its QEMU does not answer', 'find out why; the usual cause is storage that hangs');
  if (state === 'VM_STATE_RUNNING' || state === 'VM_STATE_BLOCKED') return undefined;
  const word = state.replace('VM_STATE_', '').toLowerCase().replaceAll('_', ' ');
  return always('not_running', `it is ${word}`, 'resume or start it');
}

function holdByOwner({ uuid, sample }: HeldVm, controlPlaneVms: ReadonlySet<string>): Hold | undefined {
  const rules = sample.metadata?.rules;
  if (rules?.neverMove === true)
    return always('never_move', 'its rules say never_move', 'move it yourself: "evenkeel migrate"');
  if (rules?.controlPlane === true || controlPlaneVms.has(uuid) || controlPlaneVms.has(sample.name))
    return always(
      'control_plane',
      'evenkeel itself runs on it',
      'move it yourself if you must: "evenkeel migrate"',
    );
  return undefined;
}

/** What the agent of its host found, in the definition and by asking libvirt: the first of several. */
function holdByObstacle({ sample }: HeldVm): Hold | undefined {
  const [first] = sample.obstacles;
  return first === undefined ? undefined : always(causeWord(first.causeCode), first.reason, first.cure);
}

/** The reason names a time of day, not the time left: a text that changes each turn would be logged each turn. */
function holdByFailure({ uuid }: HeldVm, ledger: Ledger): Hold | undefined {
  const retry = ledger.retries.get(uuid);
  if (retry === undefined) return undefined;
  const { atMs: untilMs, failuresInRow, migration } = retry;
  const often = failuresInRow > 1 ? `, the last of ${failuresInRow} in a row,` : '';
  return {
    code: 'failed',
    reason: `its migration to ${migration.targetHostName}${often} failed: ${causeWord(migration.causeCode)}: ${migration.outcome}; tried again at ${clockTime(untilMs)}`,
    cure: 'mend the cause; "evenkeel migrate" does not wait',
    untilMs,
    against: 'every_move',
  };
}

function holdByTime(
  { uuid }: HeldVm,
  samples: number,
  { ledger, windowSamples }: HoldRules,
): Hold | undefined {
  const coolDown = ledger.coolDowns.get(uuid);
  if (coolDown !== undefined) {
    const { untilMs, movesInDay } = coolDown;
    const often = movesInDay > 1 ? `, one of ${movesInDay} within a day` : '';
    return {
      code: 'cooling_down',
      reason: `it cools down until ${clockTime(untilMs)} after its last migration${often}`,
      cure: 'wait, or move it yourself: "evenkeel migrate"',
      untilMs,
      against: 'optional_moves',
    };
  }
  if (samples >= windowSamples) return undefined;
  return {
    code: 'no_history',
    reason: `only ${samples} of ${windowSamples} samples of it so far`,
    cure: 'wait a few sampling intervals',
    against: 'optional_moves',
  };
}
