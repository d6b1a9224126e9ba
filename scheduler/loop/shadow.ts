// Plans each turn by a second policy, too, and reports when the difference between the two plans changes. Never moves anything.
import { invalidField, messageOf } from '../../shared/errors.ts';
import type { ShadowComparison } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { policyOf, type SchedulerSettings } from '../config.ts';
import type { Events } from '../decisions/events.ts';
import { comparePlans } from '../planner/compare-plans.ts';
import type { Plan, PlannedMove } from '../planner/contract/plan-types.ts';
import { readPolicy, type PlanPolicy } from '../planner/contract/policy.ts';
import type { Snapshot } from '../planner/contract/snapshot.ts';
import { readFileSync } from 'node:fs';

export interface ShadowParts {
  /** The plan by the second policy; undefined without one. */
  readonly planning: { shadowPlan(snapshot: Snapshot): Plan | undefined };
  readonly events: Pick<Events, 'shadow'>;
  readonly newId: () => string;
  readonly logger: Logger;
}

// Which VM is the best one may change with every sample; a person reads no more than two differences a minute.
const TELL_EVERY_MS = 30 * SECOND_MS;
// More is a policy of another kind: the log and the event need not list it all.
const DIFFERENCES_MAX = 100;

export class Shadow {
  readonly #parts: ShadowParts;
  #told = '';
  #toldAtMs = -Infinity;

  constructor(parts: ShadowParts) {
    this.#parts = parts;
  }

  /** Compares the plan of this turn with the one that the shadow policy makes from the same snapshot. */
  look(snapshot: Snapshot, active: Plan): void {
    const { planning, events, newId, logger } = this.#parts;
    const shadow = planning.shadowPlan(snapshot);
    if (shadow === undefined) return;
    const comparison = differencesOf(active, shadow);
    const said = JSON.stringify(comparison.differences);
    if (said === this.#told || snapshot.atMs - this.#toldAtMs < TELL_EVERY_MS) return;
    // Both at one from the start is no news.
    const isNews = this.#told !== '' || comparison.differences.length > 0;
    this.#told = said;
    this.#toldAtMs = snapshot.atMs;
    if (!isNews) return;
    logger.info(comparison, 'the shadow policy differs otherwise than before; see "evenkeel shadow"');
    events.shadow(newId(), comparison, snapshot.atMs);
  }
}

/** VMs in order of uuid, for the order of moves is no difference. */
function differencesOf(active: Plan, shadow: Plan): ShadowComparison {
  const { same, elsewhere, onlyActive, onlyShadow } = comparePlans(active, shadow);
  const differences = [
    ...elsewhere.map((both) => differenceOf(both.active, both.active, both.shadow)),
    ...onlyActive.map((move) => differenceOf(move, move, undefined)),
    ...onlyShadow.map((move) => differenceOf(move, undefined, move)),
  ].sort((a, b) => (a.vmUuid < b.vmUuid ? -1 : 1));
  return { sameMoves: same.length, differences: differences.slice(0, DIFFERENCES_MAX) };
}

function differenceOf(
  { vmUuid, vmName, sourceHostName }: PlannedMove,
  active: PlannedMove | undefined,
  shadow: PlannedMove | undefined,
): ShadowComparison['differences'][number] {
  return {
    ...{ vmUuid, vmName, sourceHostName },
    activeTargetHostName: active?.targetHostName ?? '',
    shadowTargetHostName: shadow?.targetHostName ?? '',
  };
}

/** Undefined when none is named. Throws INVALID_ARGUMENT with the file and what is wrong in it. */
export function shadowPolicyOf(settings: SchedulerSettings): PlanPolicy | undefined {
  const file = settings.planner.shadowPolicyFile;
  if (file === '') return undefined;
  const inForce = readPolicy({}, policyOf(settings), 'policy');
  try {
    return readPolicy(JSON.parse(readFileSync(file, 'utf8')), inForce, 'policy');
  } catch (error) {
    throw invalidField('planner.shadowPolicyFile', `${file}: ${messageOf(error)}`);
  }
}
