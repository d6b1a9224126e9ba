// Tests evenness as the goal: close to the best arrangement where all can be tried, within the budget, at rest once even.
import t from 'tap';
import { GIB } from '../../../../shared/units.ts';
import { Random } from '../../../../sim/world/random.ts';
import { planMoves } from '../../../../scheduler/planner/plan-moves.ts';
import { DEFAULT_PLAN_POLICY } from '../../../../scheduler/planner/contract/policy.ts';
import type { Snapshot } from '../../../../scheduler/planner/contract/snapshot.ts';
import { applied, host, snapshotOf, vm } from '../snapshots.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const RUNS = 30;
const HOSTS = 3;
const VMS = 6;
// A search by moves and swaps misses the best where three VMs would have to change places at once: about one cluster in thirty,
// by as much as a fifth, since there are few VMs and each weighs much. The limit on the mean keeps it rare.
const MISSED_MEAN_MAX_RATIO = 0.03;
// Loads are added up in a different order.
const ROUNDING = 1e-9;
const EVEN = { ...DEFAULT_PLAN_POLICY, evenness: true, gainMin: 0, migrationPriceCores: 0 };

function randomSnapshot(seed: number): Snapshot {
  const random = new Random(seed);
  const vms = Array.from({ length: VMS }, (_, at) =>
    vm(`v${at}`, random.between(0, 2), {
      memoryUsedBytes: random.between(0.5, 3) * GIB,
      memoryMaxBytes: GIB,
    }),
  );
  return snapshotOf([
    host('h0', vms, { cores: 8, memory: 32 * GIB, hot: [] }),
    ...['h1', 'h2'].map((name) => host(name, [], { cores: 8, memory: 32 * GIB, hot: [] })),
  ]);
}

/** Cost of the cluster. */
function costOf(snapshot: Snapshot): number {
  return planMoves(snapshot, { ...EVEN, movesMax: 0 }).objective.before;
}

/** The cluster with each VM on the host given by its base-3 digit of `code`. */
function arranged(snapshot: Snapshot, code: number): Snapshot {
  return applied(
    snapshot,
    snapshot.vms.map(({ uuid }, at) => ({
      vmUuid: uuid,
      targetHostId: `h${Math.floor(code / HOSTS ** at) % HOSTS}`,
    })),
  );
}

/** All clusters that are one move, or one swap of two VMs, away. */
function neighboursOf(snapshot: Snapshot): Snapshot[] {
  const { vms, hosts } = snapshot;
  const moved = vms.flatMap(({ uuid }) =>
    hosts.map(({ hostId }) => applied(snapshot, [{ vmUuid: uuid, targetHostId: hostId }])),
  );
  const exchanged = vms.flatMap((one) =>
    vms.map((other) =>
      applied(snapshot, [
        { vmUuid: one.uuid, targetHostId: other.hostId },
        { vmUuid: other.uuid, targetHostId: one.hostId },
      ]),
    ),
  );
  return [...moved, ...exchanged];
}

void t.test('an arrangement close to the best is found', (t) => {
  t.comment(`SEED=${SEED}`);
  let missed = 0;
  for (let seed = SEED; seed < SEED + RUNS; seed += 1) {
    const snapshot = randomSnapshot(seed);
    const best = Math.min(
      ...Array.from({ length: HOSTS ** VMS }, (_, code) => costOf(arranged(snapshot, code))),
    );
    const { after } = planMoves(snapshot, EVEN).objective;
    t.ok(after >= best - ROUNDING, `seed ${seed}: ${after} against ${best}`);
    missed += after / best - 1;
  }
  t.ok(missed / RUNS <= MISSED_MEAN_MAX_RATIO, `on average ${missed / RUNS} above the best`);
  t.end();
});

void t.test('no single move and no swap of two VMs improves a plan', (t) => {
  t.comment(`SEED=${SEED}`);
  for (let seed = SEED; seed < SEED + RUNS; seed += 1) {
    const snapshot = randomSnapshot(seed);
    const { moves, objective } = planMoves(snapshot, EVEN);
    const planned = applied(snapshot, moves);
    t.ok(Math.abs(costOf(planned) - objective.after) < ROUNDING, `seed ${seed}: ends where it says`);
    const best = Math.min(...neighboursOf(planned).map(costOf));
    t.ok(best >= objective.after - ROUNDING, `seed ${seed}: ${best} against ${objective.after}`);
  }
  t.end();
});

void t.test('a plan has no more moves than the policy allows, and lowers the cost', (t) => {
  t.comment(`SEED=${SEED}`);
  const snapshot = randomSnapshot(SEED);
  for (const movesMax of [1, 2, 3]) {
    const { moves, objective } = planMoves(snapshot, { ...EVEN, movesMax });
    t.ok(moves.length > 0 && moves.length <= movesMax, `${moves.length} of ${movesMax} moves`);
    t.ok(objective.after < objective.before);
  }
  t.end();
});

void t.test('an even cluster is left alone', (t) => {
  const policy = { ...DEFAULT_PLAN_POLICY, evenness: true };
  const snapshot = randomSnapshot(SEED);
  const { moves } = planMoves(snapshot, policy);
  t.strictSame(planMoves(applied(snapshot, moves), policy).moves, []);
  t.end();
});
