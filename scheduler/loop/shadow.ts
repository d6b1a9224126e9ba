// Plans each turn by a second policy as well, and reports when the difference between the two plans changes. Never moves anything.
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

// The best VM may change with every sample; an operator reads no more than two differences a minute.
const REPORT_EVERY_MS = 30 * SECOND_MS;
// With more differences the policy is of another kind: log and event need not list them all.
const DIFFERENCES_MAX = 100;

export class Shadow {
  readonly #parts: ShadowParts;
  #reported = '';
  #reportedAtMs = -Infinity;

  constructor(parts: ShadowParts) {
    this.#parts = parts;
  }

  /** Compares the plan of this turn with the shadow policy's plan for the same snapshot. */
  look(snapshot: Snapshot, active: Plan): void {
    const { planning, events, newId, logger } = this.#parts;
    const shadow = planning.shadowPlan(snapshot);
    if (shadow === undefined) return;
    const comparison = differencesOf(active, shadow);
    const said = JSON.stringify(comparison.differences);
    if (said === this.#reported || snapshot.atMs - this.#reportedAtMs < REPORT_EVERY_MS) return;
    // Plans that agree from the start are not news.
    const isNews = this.#reported !== '' || comparison.differences.length > 0;
    this.#reported = said;
    this.#reportedAtMs = snapshot.atMs;
    if (!isNews) return;
    logger.info(
      comparison,
      'the plan of the shadow policy differs in another way than before; see "evenkeel shadow"',
    );
    events.shadow(newId(), comparison, snapshot.atMs);
  }
}

/** In order of uuid, since the order of moves is not a difference. */
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

/** Undefined when none is configured. Throws INVALID_ARGUMENT with the file and the error in it. */
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
