// Tests consolidation: packs VMs onto few hosts without waking others and without breaking the limits of every move.
import t from 'tap';
import { GIB } from '../../../../shared/units.ts';
import { Random } from '../../../../sim/world/random.ts';
import { planMoves } from '../../../../scheduler/planner/plan-moves.ts';
import { DEFAULT_PLAN_POLICY, type PlanPolicy } from '../../../../scheduler/planner/contract/policy.ts';
import type { Snapshot } from '../../../../scheduler/planner/contract/snapshot.ts';
import { applied, AT_MS, shortMoves, snapshotOf, type GivenHost, type GivenVm } from '../snapshots.ts';

const POLICY: PlanPolicy = { ...DEFAULT_PLAN_POLICY, consolidation: true };

/** A VM with a steady demand and the given deviation. */
function vm(name: string, cores: number, deviationCores = 0.05, more: Partial<GivenVm> = {}): GivenVm {
  return { name, cores, usualCpu: { meanCores: cores, deviationCores, samples: 100 }, ...more };
}

function host(name: string, vms: readonly GivenVm[], more: Partial<GivenHost> = {}): GivenHost {
  return { name, cores: 4, vms, ...more };
}

function namesOf(hosts: readonly { readonly hostName: string }[]): string[] {
  return hosts.map(({ hostName }) => hostName);
}

t.test('a host is emptied, and named, when the others can carry its VMs with room to spare', (t) => {
  const snapshot = snapshotOf([
    host('full', [vm('a', 1), vm('b', 0.5)]),
    host('thin', [vm('c', 0.3), vm('d', 0.2)]),
    host('bare', []),
  ]);
  const plan = planMoves(snapshot, POLICY);
  t.same(shortMoves(plan.moves), ['c > full', 'd > full']);
  t.ok(plan.moves.every(({ trigger }) => trigger === 'consolidate'));
  t.same(namesOf(plan.emptyHosts), ['thin', 'bare']);
  t.same(planMoves(applied(snapshot, plan.moves), POLICY).moves, [], 'and then nothing is left to do');
  t.end();
});

t.test('without the opt-in nothing is emptied and no host named', (t) => {
  const plan = planMoves(
    snapshotOf([host('full', [vm('a', 1)]), host('thin', [vm('c', 0.3)])]),
    DEFAULT_PLAN_POLICY,
  );
  t.same(plan.moves, []);
  t.same(plan.emptyHosts, []);
  t.end();
});

t.test('a host is left alone while one of its VMs has too little history, if the policy says so', (t) => {
  const young: GivenVm = { name: 'd', cores: 0.2 };
  const snapshot = snapshotOf([host('full', [vm('a', 1)]), host('thin', [vm('c', 0.3), young])]);
  t.equal(planMoves(snapshot, POLICY).moves.length, 2);
  const live = { ...POLICY, packsKnownOnly: true };
  t.same(planMoves(snapshot, live).moves, []);
  const known = snapshotOf([host('full', [vm('a', 1)]), host('thin', [vm('c', 0.3), vm('d', 0.2)])]);
  t.equal(planMoves(known, live).moves.length, 2);
  t.end();
});

t.test('of hosts that could be emptied, the one that does less per watt goes first', (t) => {
  const plan = planMoves(
    snapshotOf([
      host('thirsty', [vm('a', 1)], { watts: [100, 300] }),
      host('frugal', [vm('b', 0.5)], { watts: [50, 150] }),
    ]),
    POLICY,
  );
  t.same(shortMoves(plan.moves), ['a > frugal']);
  t.end();
});

t.test('VMs with a varying load need more room than steady ones', (t) => {
  const pair = (deviationCores: number): Snapshot =>
    snapshotOf([host('one', [vm('a', 1.2, deviationCores)]), host('two', [vm('b', 1.2, deviationCores)])]);
  t.equal(planMoves(pair(0.1), POLICY).moves.length, 1);
  t.equal(planMoves(pair(0.9), POLICY).moves.length, 0, 'two deviations of both together do not fit');
  t.end();
});

t.test('a host is emptied of all its VMs or left alone', (t) => {
  const held = {
    code: 'cooling_down',
    reason: 'it moved recently',
    cure: 'wait',
    against: 'optional_moves',
  } as const;
  const cases: Readonly<Record<string, Partial<GivenVm>>> = {
    'a VM that cools down': { held },
    'a VM with more memory than there is room for': { memoryMaxBytes: 100 * GIB },
    'a VM whose needs no other host meets': { needs: ['pool:local'] },
    'a VM that came from the only other host': { leftHosts: [{ hostId: 'full', atMs: AT_MS }] },
  };
  for (const [name, more] of Object.entries(cases)) {
    const snapshot = snapshotOf([
      host('full', [vm('a', 1), vm('b', 0.5)]),
      host('thin', [vm('c', 0.3), vm('d', 0.2, 0.05, more)], { memory: 128 * GIB, traits: ['pool:local'] }),
    ]);
    const leaving = planMoves(snapshot, POLICY).moves.filter(({ sourceHostId }) => sourceHostId === 'thin');
    t.same(shortMoves(leaving), [], name);
  }
  t.end();
});

t.test('a host is left alone when the budget does not cover all its VMs', (t) => {
  const hosts = [host('full', [vm('a', 1), vm('b', 0.5)]), host('thin', [vm('c', 0.3), vm('d', 0.2)])];
  const plan = planMoves(snapshotOf(hosts, { budgets: { moves: 1 } }), POLICY);
  t.same(plan.moves, []);
  t.equal(plan.stopped, 'move_budget');
  t.end();
});

t.test('VMs that rules keep apart are not packed onto one host', (t) => {
  const rules = [
    { id: 'r', kind: 'anti_affinity', strength: 'must', vms: ['a', 'c'], hosts: [], writtenIn: 'a test' },
  ] as const;
  const plan = planMoves(
    snapshotOf([host('full', [vm('a', 1)]), host('thin', [vm('c', 0.3)])], { rules }),
    POLICY,
  );
  t.same(plan.moves, []);
  t.end();
});

t.test(
  'a hot host is relieved onto an awake host, and onto a sleeping one only when all awake ones are full',
  (t) => {
    const busy = host('busy', [vm('a', 1.6), vm('b', 1.3), vm('c', 0.9)]);
    const calm = host('calm', [vm('d', 1.6)]);
    const relieved = planMoves(snapshotOf([host('asleep', []), busy, calm]), POLICY);
    t.same(shortMoves(relieved.moves), ['c > calm']);
    const full = host('calm', [vm('d', 2.7)]);
    const woken = planMoves(snapshotOf([host('asleep', []), busy, full]), POLICY);
    t.ok(woken.moves.length > 0 && woken.moves.every(({ targetHostName }) => targetHostName === 'asleep'));
    t.end();
  },
);

const RUNS = 300;

t.test(
  `in ${RUNS} random clusters a plan keeps memory, never splits a host and leaves nothing to do`,
  (t) => {
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const snapshot = randomSnapshot(seed);
      const plan = planMoves(snapshot, POLICY);
      const after = applied(snapshot, plan.moves);
      for (const { hostName, memoryAllocatedBytes, memoryBytes } of after.hosts)
        if (memoryAllocatedBytes > memoryBytes * 0.9) t.fail(`seed ${seed}: ${hostName} is over its memory`);
      const emptied = new Set(
        plan.moves.filter(({ trigger }) => trigger === 'consolidate').map((move) => move.sourceHostId),
      );
      for (const hostId of emptied)
        if (after.vms.some((each) => each.hostId === hostId)) t.fail(`seed ${seed}: ${hostId} is half empty`);
      const again = planMoves(after, POLICY).moves;
      if (again.length > 0) t.fail(`seed ${seed}: planned again ${shortMoves(again).join(', ')}`);
    }
    t.pass(`seeds 1 to ${RUNS}`);
    t.end();
  },
);

function randomSnapshot(seed: number): Snapshot {
  const random = new Random(seed);
  const hosts = Array.from({ length: random.whole(2, 8) }, (_, index) =>
    host(
      `h${index}`,
      Array.from({ length: random.whole(0, 6) }, (_unused, vmIndex) =>
        vm(`h${index}v${vmIndex}`, random.between(0.05, 0.5), random.between(0.01, 0.3), {
          memoryMaxBytes: random.whole(1, 8) * GIB,
        }),
      ),
    ),
  );
  return snapshotOf(hosts);
}
