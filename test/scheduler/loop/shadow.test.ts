// Tests when and how the difference between the shadow policy and the one in force is reported.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ShadowComparison } from '../../../shared/gen/telemetry.ts';
import { createLogger } from '../../../shared/log.ts';
import { planMoves } from '../../../scheduler/planner/plan-moves.ts';
import type { Plan, PlannedMove } from '../../../scheduler/planner/contract/plan-types.ts';
import { DEFAULT_PLAN_POLICY } from '../../../scheduler/planner/contract/policy.ts';
import { shadowPolicyOf } from '../../../scheduler/loop/shadow.ts';
import { Shadow } from '../../../scheduler/loop/shadow.ts';
import { SETTINGS } from '../model-cluster.ts';
import { plannedMove, snapshotWith } from '../operations-world.ts';

const T0 = 1_800_000_000_000;
const NOTHING = planMoves(snapshotWith(T0, [], []), DEFAULT_PLAN_POLICY, {});

function planOf(...moves: PlannedMove[]): Plan {
  return { ...NOTHING, moves };
}

void t.test('a difference is reported when it changes, at most twice a minute', (t) => {
  let shadowPlan: Plan | undefined;
  const told: ShadowComparison[] = [];
  const shadow = new Shadow({
    planning: { shadowPlan: () => shadowPlan },
    events: { shadow: (_id, comparison) => told.push(comparison) },
    newId: () => 'e1',
    logger: createLogger('shadow', 'silent'),
  });
  const toldAt = (seconds: number, active: Plan, other: Plan | undefined): ShadowComparison[] => {
    shadowPlan = other;
    shadow.look(snapshotWith(T0 + seconds * 1_000, [], []), active);
    return told.splice(0);
  };
  const [a, b] = [plannedMove('a', 'h1', 'h2').planned, plannedMove('b', 'h1', 'h3').planned];
  const elsewhere = plannedMove('a', 'h1', 'h3').planned;
  t.strictSame(toldAt(0, planOf(a), undefined), [], 'there is no shadow policy');
  t.strictSame(toldAt(0, planOf(a), planOf(a)), [], 'both agree from the start');
  t.match(toldAt(30, planOf(a, b), planOf(elsewhere, b)), [
    {
      sameMoves: 1,
      differences: [{ vmName: 'a', activeTargetHostName: 'h2', shadowTargetHostName: 'h3' }],
    },
  ]);
  t.strictSame(toldAt(90, planOf(b, a), planOf(b, elsewhere)), [], 'a different order is not a difference');
  t.match(toldAt(95, planOf(a), planOf()), [{ differences: [{ shadowTargetHostName: '' }] }]);
  t.strictSame(toldAt(100, planOf(), planOf()), [], 'too soon after the last one');
  t.match(toldAt(125, planOf(), planOf()), [{ sameMoves: 0, differences: [] }], 'they agree again');
  t.end();
});

void t.test('the shadow policy is the one in force with the changes in its file', (t) => {
  const file = join(t.testdir({ 'policy.json': '{"evenness": true}' }), 'policy.json');
  const read = (shadowPolicyFile: string) =>
    shadowPolicyOf({ ...SETTINGS, planner: { ...SETTINGS.planner, gainMin: 0.3, shadowPolicyFile } });
  t.equal(read(''), undefined);
  t.match(read(file), { evenness: true, gainMin: 0.3 });
  writeFileSync(file, '{"eveness": true}');
  t.throws(() => read(file), {
    code: 'INVALID_ARGUMENT',
    message: /planner\.shadowPolicyFile.*policy\.eveness/,
  });
  t.throws(() => read(`${file}.gone`), { message: /planner\.shadowPolicyFile.*no such file/ });
  t.end();
});
