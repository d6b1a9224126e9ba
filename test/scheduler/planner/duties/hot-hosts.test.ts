// Tests planMoves on hot hosts, on clusters small enough to work out by hand.
import t from 'tap';
import { GIB } from '../../../../shared/units.ts';
import { planMoves } from '../../../../scheduler/planner/plan-moves.ts';
import { DEFAULT_PLAN_POLICY } from '../../../../scheduler/planner/contract/policy.ts';
import type { Snapshot } from '../../../../scheduler/planner/contract/snapshot.ts';
import { AT_MS, COOLING, host, NEVER, shortMoves, snapshotOf, summary, vm, type Case } from '../snapshots.ts';

const HOT_CASES: Case[] = [
  {
    claim:
      'two VMs that each want the whole of a one-core host are separated, though the target is then full',
    hosts: [host('h1', [vm('a', 1), vm('b', 1), vm('c', 0.02)]), host('h2'), host('h3')],
    expected: ['a > h2', 'no_gain'],
  },
  {
    claim: 'a VM that wants a whole host for itself stays: moving it would only move the hot spot',
    hosts: [host('h1', [vm('a', 1)]), host('h2'), host('h3')],
    expected: ['no_gain'],
  },
  {
    claim: 'measurement noise moves nothing',
    hosts: [host('h1', [vm('a', 1)], { ownCores: 0.09 }), host('h2', [], { ownCores: 0.01 })],
    expected: ['no_gain'],
  },
  {
    claim: 'the result of separating them is stable',
    hosts: [host('h1', [vm('a', 1)]), host('h2', [vm('b', 1)]), host('h3')],
    expected: ['no_gain', 'no_gain'],
  },
  {
    claim: 'nothing moves where every host is equally crowded',
    hosts: [host('h1', [vm('a', 1), vm('b', 1)]), host('h2', [vm('c', 1), vm('d', 1)])],
    expected: ['no_target', 'no_target'],
  },
  {
    claim: 'a comfortable target is preferred to a crowded one, even with a smaller VM',
    hosts: [
      host('h1', [vm('a', 2.5), vm('b', 1), vm('c', 1)], { cores: 4 }),
      host('h2', [vm('d', 1.8)], { cores: 4 }),
    ],
    expected: ['b > h2', 'no_gain'],
  },
  {
    claim: 'a busy host whose VMs need not wait does not crowd another one',
    hosts: [host('h1', [vm('a', 0.5), vm('b', 0.42)]), host('h2', [vm('d', 0.5)])],
    expected: ['no_gain'],
  },
  {
    claim: 'relief ends when the host is below its exit level',
    hosts: [
      host(
        'h1',
        Array.from({ length: 10 }, (_, at) => vm(`v${at}`, 1)),
        { cores: 10, memory: 8 * GIB, ownCores: 0.8 },
      ),
      host('h2', [], { cores: 10, memory: 8 * GIB }),
    ],
    expected: ['v0 > h2', 'v1 > h2', 'v2 > h2', 'v3 > h2'],
  },
  {
    claim: 'the move with the most gain per second of copying goes first',
    hosts: [
      host('h1', [vm('big', 0.5, { memoryUsedBytes: 8 * GIB }), vm('small', 0.5)], { memory: 64 * GIB }),
      host('h2', [], { memory: 64 * GIB }),
    ],
    expected: ['small > h2'],
  },
  {
    claim: 'a host that is hot in memory is relieved too',
    hosts: [
      host(
        'h1',
        [
          vm('a', 0.1, { memoryUsedBytes: 0.95 * GIB, memoryMaxBytes: GIB }),
          vm('b', 0.1, { memoryUsedBytes: 0.95 * GIB, memoryMaxBytes: GIB }),
        ],
        { ownMemoryBytes: 0.1 * GIB },
      ),
      host('h2'),
    ],
    expected: ['a > h2'],
  },
  {
    claim: 'two VMs change places where no single move helps',
    hosts: [
      host('h1', [vm('a', 2.4), vm('b', 1.5)], { cores: 4 }),
      host('h2', [vm('c', 1.4), vm('d', 0.2)], { cores: 4 }),
    ],
    expected: ['c > h1', 'a > h2'],
  },
  {
    claim: 'a target whose memory is all allocated is refused, though little is in use',
    hosts: [
      host('h1', [vm('a', 1), vm('b', 1)]),
      host('h2', [vm('c', 0, { memoryMaxBytes: 1.5 * GIB, memoryUsedBytes: 1, held: NEVER })]),
    ],
    expected: ['no_gain'],
  },
  {
    claim: 'a VM with more vCPUs than the target has cores stays',
    hosts: [
      host('h1', [vm('a', 2, { vcpus: 4 }), vm('b', 2, { vcpus: 4 })], { cores: 4 }),
      host('h2', [], { cores: 2 }),
    ],
    expected: ['no_gain'],
  },
  {
    claim: 'a held VM stays',
    hosts: [host('h1', [vm('a', 1, { held: NEVER }), vm('b', 1, { held: COOLING })]), host('h2')],
    expected: ['no_candidate'],
  },
  {
    claim: 'an idle VM is not moved off a host that others overload',
    hosts: [host('h1', [vm('a', 2, { held: NEVER }), vm('b', 0.02)]), host('h2')],
    expected: ['no_candidate'],
  },
  {
    claim: 'a VM does not go back to a host that it left recently, nor to one that refused it',
    hosts: [
      host('h1', [
        vm('a', 1, { leftHosts: [{ hostId: 'h2', atMs: AT_MS - 1 }] }),
        vm('b', 1, { refusedTargets: [{ hostId: 'h2', reason: 'its CPU', untilMs: AT_MS + 1 }] }),
      ]),
      host('h2'),
    ],
    expected: ['no_gain'],
  },
  {
    claim: "a host's own load is reported as such",
    hosts: [host('h1', [], { ownCores: 1 }), host('h2')],
    expected: ['no_vm'],
  },
  {
    claim: 'a single host has nowhere to go',
    hosts: [host('h1', [vm('a', 1), vm('b', 1)])],
    expected: ['alone'],
  },
  {
    claim: 'a host with a migration under way waits for its end',
    hosts: [host('h1', [vm('a', 1), vm('b', 1)], { migrationsOut: 1 }), host('h2')],
    expected: ['moving'],
  },
  {
    claim: 'a settling host is neither judged nor a target',
    hosts: [
      host('h1', [vm('a', 1), vm('b', 1)]),
      host('h2', [vm('c', 1), vm('d', 1)], { settlingUntilMs: AT_MS + 1 }),
      host('h3', [], { settlingUntilMs: AT_MS + 1 }),
    ],
    expected: ['no_target', 'settling'],
  },
  {
    claim: 'a migrating VM already counts as load of its target',
    hosts: [
      host('h1', [vm('a', 1), vm('b', 1)]),
      host('h2'),
      host('h3', [vm('c', 1, { held: NEVER })], { hot: [] }),
    ],
    more: { migrations: [{ vmUuid: 'c', sourceHostId: 'h3', targetHostId: 'h2' }] },
    expected: ['no_gain'],
  },
];

void t.test('hot hosts are relieved, or the plan gives the reason', (t) => {
  for (const { claim, hosts, more, expected } of HOT_CASES)
    t.strictSame(summary(hosts, more), expected, claim);
  t.end();
});

const OVERLOADED = [host('h1', [vm('a', 1), vm('b', 1)]), host('h2'), host('h3')];

void t.test('stale or unknown hosts are not acted upon', (t) => {
  const stale = planMoves(
    snapshotOf([...OVERLOADED.slice(0, 2), host('h3', [], { state: 'stale' })]),
    DEFAULT_PLAN_POLICY,
  );
  t.strictSame(
    shortMoves(stale.moves),
    ['a > h2'],
    'a stale host is not a target; one of three does not freeze the cluster',
  );
  t.match(stale.moves[0]?.refusals, [{ code: 'stale', hostName: 'h3' }]);

  const frozen = planMoves(
    snapshotOf([...OVERLOADED.slice(0, 1), host('h2', [], { state: 'unknown' })]),
    DEFAULT_PLAN_POLICY,
  );
  t.match(frozen.frozenReason, /1 of 2 hosts are unknown or stale \(h2\)/);
  t.match(frozen, { moves: [], stays: [{ code: 'frozen' }] });

  t.strictSame(summary(OVERLOADED, { mode: 'observe' }), ['observing']);
  t.strictSame(summary(OVERLOADED, { quietReason: 'the backup runs' }), ['quiet']);
  t.end();
});

void t.test('budgets and limits end a plan, which names them', (t) => {
  const hosts = [
    host('h1', [vm('a', 1), vm('b', 1), vm('c', 1)], { cores: 2 }),
    host('h2', [], { cores: 2 }),
    host('h3', [], { cores: 2 }),
  ];
  const plan = (more: Partial<Snapshot>, limits = {}): unknown[] => {
    const made = planMoves(snapshotOf(hosts, more), DEFAULT_PLAN_POLICY, limits);
    return [made.moves.length, made.stopped];
  };
  t.strictSame(plan({}), [2, 'complete']);
  t.strictSame(plan({ budgets: { moves: 1 } }), [1, 'move_budget']);
  t.strictSame(plan({ budgets: { bytes: 0.3 * GIB } }), [1, 'byte_budget']);
  t.strictSame(plan({}, { steps: 1 })[1], 'steps');
  t.end();
});

void t.test('a move has its evidence, predictions, terms and reason', (t) => {
  const [move] = planMoves(snapshotOf(OVERLOADED), DEFAULT_PLAN_POLICY).moves;
  t.match(move, {
    trigger: 'hot_host',
    evidence: ['CPU demand is at 205 % of the host; it is hot from 90 % on'],
    mode: 'auto',
    after: [],
  });
  t.match(
    move?.reason,
    /moving a takes CPU demand of h1 from 205 % to 105 % and of h2 from 5 % to 105 %; h2 will be busy/,
  );
  const cooled = planMoves(
    snapshotOf([host('h1', [vm('a', 0.6), vm('b', 0.6)]), host('h2')]),
    DEFAULT_PLAN_POLICY,
  );
  t.equal(
    cooled.moves[0]?.reason,
    'moving a takes CPU demand of h1 from 125 % to 65 % and of h2 from 5 % to 65 %',
    'also of a host that the move cools altogether',
  );
  t.match(move?.terms, { persistenceSeconds: 600 });
  t.ok((move?.terms.netCoreSeconds ?? 0) > 0);
  t.end();
});
