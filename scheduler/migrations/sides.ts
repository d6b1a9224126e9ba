// Asks the agents of a migration's two hosts what they show of the VM, and has them settle it and end the migration.
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { SettleAct } from '../../shared/gen/agent.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { MigrationAgent } from './agent-calls.ts';
import type { Run, Term } from './run.ts';
import { FRESH_MS, type Cure, type Side, type Sight } from './verdict.ts';
import type { Sights } from './verify-next.ts';

// The guest may be paused during this wait; libvirt's own calls take tens of milliseconds.
const SETTLE_TIMEOUT_MS = 10 * SECOND_MS;
const END_TIMEOUT_MS = 5 * SECOND_MS;

export function agentOf(term: Term, { migration }: Run, side: Side): MigrationAgent {
  return term.parts.agents.of(side === 'source' ? migration.sourceHostId : migration.targetHostId);
}

/** Asks both hosts at the same moment. */
export async function look(term: Term, run: Run): Promise<Sights> {
  const [source, target] = await Promise.all([see(term, run, 'source'), see(term, run, 'target')]);
  return {
    source: source.sight,
    target: target.sight,
    isHeldBySource: source.heldBy === run.migration.migrationId,
  };
}

async function see(term: Term, run: Run, side: Side): Promise<{ sight: Sight; heldBy: string }> {
  const { migrationId, epoch, vmUuid } = run.migration;
  // The time of the question, not of the answer: the VM may have changed while the answer was on its way.
  const atMs = term.parts.clock.monotonicMs();
  try {
    const wait = { signal: term.signal, timeoutMs: FRESH_MS };
    const answer = await agentOf(term, run, side).observeVm({ migrationId, epoch, vmUuid }, wait);
    const vm = answer.vm ?? undefined;
    const heldBy = answer.migrationId;
    return vm === undefined
      ? { sight: { kind: 'absent', atMs, epoch }, heldBy }
      : { sight: { kind: 'present', vm, atMs, epoch }, heldBy };
  } catch (error) {
    return { sight: { kind: 'unreachable', reason: messageOf(error) }, heldBy: '' };
  }
}

const ACTS: Readonly<Record<Cure['act'], SettleAct>> = {
  resume: 'SETTLE_ACT_RESUME',
  suspend: 'SETTLE_ACT_SUSPEND',
  destroy: 'SETTLE_ACT_DESTROY',
  undefine: 'SETTLE_ACT_UNDEFINE',
};

/** Has the agent do one act, if the VM still is as it was seen. Volumes are shared and never touched. */
export async function settle(term: Term, run: Run, { side, act }: Cure, sight: Sight): Promise<void> {
  if (sight.kind !== 'present') throw new Error(`cannot ${act} the VM: it is ${sight.kind} on the ${side}`);
  const { migrationId, epoch, vmUuid } = run.migration;
  const { state, stateReason, libvirtId } = sight.vm;
  await agentOf(term, run, side).settleVm(
    {
      ...{ migrationId, epoch, vmUuid, act: ACTS[act] },
      ...{ expectedState: state, expectedStateReason: stateReason, expectedLibvirtId: libvirtId },
    },
    { signal: term.signal, timeoutMs: SETTLE_TIMEOUT_MS },
  );
}

/** Tells one side's agent that the migration has ended. Resolves with true once the agent knows. */
export async function endOn(term: Term, run: Run, side: Side, epoch: number): Promise<boolean> {
  const { migrationId, vmUuid } = run.migration;
  try {
    const wait = { signal: term.signal, timeoutMs: END_TIMEOUT_MS };
    await agentOf(term, run, side).endMigration({ migrationId, epoch, vmUuid }, wait);
    return true;
  } catch (error) {
    // These refusals count: a later migration of the VM has begun there, or the agent holds none.
    return error instanceof EvenkeelError && (error.code === 'ABORTED' || error.code === 'NOT_FOUND');
  }
}
