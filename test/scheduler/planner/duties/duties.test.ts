// Tests planMoves on duties and rules: draining hosts, rules, new VMs, on clusters small enough to work out by hand.
import t from 'tap';
import { GIB } from '../../../../shared/units.ts';
import { planMoves } from '../../../../scheduler/planner/plan-moves.ts';
import { DEFAULT_PLAN_POLICY } from '../../../../scheduler/planner/contract/policy.ts';
import type { SnapshotRule } from '../../../../scheduler/planner/contract/snapshot.ts';
import {
  applied,
  AT_MS,
  COOLING,
  host,
  NEVER,
  shortMoves,
  snapshotOf,
  summary,
  vm,
  type Case,
} from '../snapshots.ts';

function rule(
  kind: SnapshotRule['kind'],
  vms: readonly string[],
  more: Partial<SnapshotRule> = {},
): SnapshotRule {
  return { id: `${kind}-1`, kind, strength: 'must', vms, hosts: [], writtenIn: 'a test', ...more };
}

const CALM = { cores: 4, memory: 8 * GIB };

const DUTY_CASES: Case[] = [
  {
    claim: 'all VMs leave a draining host, the largest first, to the hosts with most room',
    hosts: [
      host('h1', [vm('a', 1), vm('b', 1, { memoryMaxBytes: GIB })], { ...CALM, service: 'draining' }),
      host('h2', [vm('c', 1)], CALM),
      host('h3', [], CALM),
    ],
    expected: ['b > h3', 'a > h2'],
  },
  {
    claim: 'draining overrides cool-downs, and names the VMs that cannot leave',
    hosts: [
      host('h1', [vm('a', 1, { held: COOLING }), vm('b', 1, { held: NEVER })], {
        ...CALM,
        service: 'draining',
      }),
      host('h2', [], CALM),
    ],
    expected: ['a > h2', 'not_emptied'],
  },
  {
    claim:
      'a VM that must be with a VM on another host goes where both have room, not where it fits best alone',
    hosts: [
      host('h1', [vm('a', 1, { memoryMaxBytes: 2 * GIB })], { ...CALM, service: 'draining' }),
      host(
        'h2',
        [
          vm('b', 1, { memoryMaxBytes: 2 * GIB }),
          vm('c', 0.5, { memoryMaxBytes: 5 * GIB, memoryUsedBytes: GIB, held: NEVER }),
        ],
        CALM,
      ),
      host('h3', [vm('d', 0.1, { memoryMaxBytes: 4 * GIB, memoryUsedBytes: GIB, held: NEVER })], CALM),
      host('h4', [vm('e', 1.2, { memoryMaxBytes: GIB, held: NEVER })], CALM),
    ],
    more: { rules: [rule('affinity', ['a', 'b'])] },
    expected: ['a > h4', 'b > h4'],
  },
  {
    claim: 'room is made on another host for a VM that must leave',
    hosts: [
      host('h1', [vm('a', 1, { memoryMaxBytes: 6 * GIB })], { ...CALM, service: 'draining' }),
      host(
        'h2',
        [vm('b', 0.5, { memoryMaxBytes: 3 * GIB }), vm('c', 0.5, { memoryMaxBytes: 2 * GIB })],
        CALM,
      ),
      host('h3', [vm('d', 0.5, { memoryMaxBytes: 2 * GIB })], CALM),
    ],
    expected: ['d > h2', 'a > h3'],
  },
  {
    claim: 'VMs that must be apart are separated; the cheaper one moves',
    hosts: [host('h1', [vm('a', 0.1, { memoryUsedBytes: GIB }), vm('b', 0.1)], CALM), host('h2', [], CALM)],
    more: { rules: [rule('anti_affinity', ['a', 'b'])] },
    expected: ['b > h2'],
  },
  {
    claim: 'VMs that must be together are brought together with the fewest bytes copied',
    hosts: [host('h1', [vm('a', 0.1)], CALM), host('h2', [vm('b', 0.1, { memoryUsedBytes: GIB })], CALM)],
    more: { rules: [rule('affinity', ['a', 'b'])] },
    expected: ['a > h2'],
  },
  {
    claim: 'a VM goes to the hosts it must be on, and off those it must not be on',
    hosts: [host('h1', [vm('a', 0.1), vm('b', 0.1)], CALM), host('h2', [], CALM), host('h3', [], CALM)],
    more: {
      rules: [
        rule('vm_to_host', ['a'], { id: 'r1', hosts: ['h3'] }),
        rule('vm_not_to_host', ['b'], { id: 'r2', hosts: ['h1', 'h3'] }),
      ],
    },
    expected: ['a > h3', 'b > h2'],
  },
  {
    claim: 'rules that are met move nothing',
    hosts: [
      host('h1', [vm('a', 0.1), vm('b', 0.1)], CALM),
      host('h2', [vm('c', 0.1)], CALM),
      host('h3', [], CALM),
    ],
    more: {
      rules: [
        rule('affinity', ['a', 'b']),
        rule('anti_affinity', ['a', 'c']),
        rule('pin', ['c']),
        rule('affinity', ['a', 'b'], { id: 'r4', strength: 'should' }),
        rule('vm_to_host', ['a'], { hosts: ['h1', 'h3'] }),
      ],
    },
    expected: [],
  },
  {
    claim: 'relief keeps to must-rules: apart only once the other one has gone, off a forbidden host, pinned',
    hosts: [
      host('h1', [vm('a', 1), vm('b', 1), vm('c', 1)]),
      host('h2', [vm('d', 0.1)]),
      host('h3'),
      host('h4', [], { cores: 2 }),
    ],
    more: {
      rules: [
        rule('anti_affinity', ['a', 'd']),
        rule('vm_not_to_host', ['a'], { hosts: ['h3', 'h4'] }),
        rule('pin', ['b']),
      ],
    },
    expected: ['c > h4', 'd > h3', 'a > h2', 'no_candidate'],
  },
  {
    claim: 'VMs that belong together leave together',
    hosts: [host('h1', [vm('a', 1), vm('b', 1), vm('c', 2)], CALM), host('h2', [], CALM)],
    more: { rules: [rule('affinity', ['a', 'b']), rule('pin', ['c'])] },
    expected: ['a > h2', 'b > h2'],
  },
  {
    claim: 'a wish is granted where every host stays comfortable',
    hosts: [host('h1', [vm('a', 0.1), vm('b', 0.1)], CALM), host('h2', [], CALM)],
    more: { rules: [rule('anti_affinity', ['a', 'b'], { strength: 'should' })] },
    expected: ['a > h2'],
  },
  {
    claim: 'a wish is not granted at the cost of a crowded host',
    hosts: [host('h1', [vm('a', 1), vm('b', 1)], CALM), host('h2', [vm('c', 2.5)], CALM)],
    more: { rules: [rule('anti_affinity', ['a', 'b'], { strength: 'should' })] },
    expected: [],
  },
  {
    claim: 'room is made for a VM that fits nowhere',
    hosts: [
      host('h1', [vm('a', 0.1, { memoryMaxBytes: 4 * GIB, memoryUsedBytes: GIB })], CALM),
      host('h2', [vm('b', 0.1, { memoryMaxBytes: 2 * GIB })], CALM),
    ],
    more: { pending: [{ id: 'new', name: 'new', vcpus: 1, memoryMaxBytes: 6 * GIB }] },
    expected: ['b > h1'],
  },
  {
    claim: 'a host that VMs have just left counts as having room while it settles',
    hosts: [
      host('h1', [vm('a', 0.1, { memoryMaxBytes: 2 * GIB })], CALM),
      host('h2', [], { ...CALM, ownMemoryBytes: 3 * GIB, settlingUntilMs: AT_MS + 1 }),
    ],
    more: { pending: [{ id: 'new', name: 'new', vcpus: 1, memoryMaxBytes: 6 * GIB }] },
    expected: [],
  },
  {
    claim: 'a host whose memory stays in use after it has settled has no room: room is made elsewhere',
    hosts: [
      host('h1', [vm('a', 0.1, { memoryMaxBytes: 2 * GIB })], CALM),
      host('h2', [], { ...CALM, ownMemoryBytes: 3 * GIB, settlingUntilMs: AT_MS }),
    ],
    more: { pending: [{ id: 'new', name: 'new', vcpus: 1, memoryMaxBytes: 6 * GIB }] },
    expected: ['a > h2'],
  },
  {
    claim: 'a VM for which no room can be made is named',
    hosts: [host('h1', [], CALM)],
    more: { pending: [{ id: 'new', name: 'new', vcpus: 1, memoryMaxBytes: 16 * GIB }] },
    expected: ['no_room'],
  },
];

void t.test('duties and rules', (t) => {
  for (const { claim, hosts, more, expected } of DUTY_CASES)
    t.strictSame(summary(hosts, more), expected, claim);
  t.end();
});

void t.test('a move that needs the room left by another waits for it', (t) => {
  const hosts = [
    host('h1', [vm('a', 0.1, { memoryMaxBytes: 6 * GIB })], { ...CALM, service: 'draining' }),
    host('h2', [vm('b', 0.1, { memoryMaxBytes: 3 * GIB })], CALM),
    host('h3', [vm('c', 0.1, { memoryMaxBytes: 4 * GIB })], CALM),
  ];
  const snapshot = snapshotOf(hosts);
  const { moves } = planMoves(snapshot, DEFAULT_PLAN_POLICY);
  t.strictSame(shortMoves(moves), ['b > h3', 'a > h2']);
  t.strictSame(
    moves.map(({ after }) => after),
    [[], [0]],
  );
  t.strictSame(shortMoves(planMoves(applied(snapshot, moves), DEFAULT_PLAN_POLICY).moves), []);
  t.end();
});

void t.test('rules that contradict each other are named with their VMs', (t) => {
  const hosts = [host('h1', [vm('a', 0.1), vm('b', 0.1)], CALM), host('h2', [], CALM)];
  const conflicts = (...rules: SnapshotRule[]): unknown[] =>
    planMoves(snapshotOf(hosts, { rules }), DEFAULT_PLAN_POLICY).conflicts.map(
      ({ code, ruleIds, vmUuids }) => [code, ruleIds, vmUuids],
    );
  t.strictSame(conflicts(rule('affinity', ['a', 'b']), rule('anti_affinity', ['a', 'b'])), [
    ['together_and_apart', ['affinity-1', 'anti_affinity-1'], ['a', 'b']],
  ]);
  t.strictSame(
    conflicts(
      rule('vm_to_host', ['a'], { id: 'r1', hosts: ['h1'] }),
      rule('vm_not_to_host', ['a'], { id: 'r2', hosts: ['h1'] }),
    ),
    [['no_host_left', ['r1', 'r2'], ['a']]],
  );
  t.end();
});
