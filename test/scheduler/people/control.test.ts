// Tests what operators tell the scheduler: rules from three places, modes, proposals, and the shelf that keeps them.
import t from 'tap';
import type { Mode, PlacementRule } from '../../../shared/gen/telemetry.ts';
import { createLogger } from '../../../shared/log.ts';
import { modeCodec, proposalCodec, ruleCodec, waitingVmCodec } from '../../../shared/proto/load.ts';
import { emptyView } from '../../../scheduler/cluster/view.ts';
import { newAsks } from '../../../scheduler/loop/asks.ts';
import { decisionsOf } from '../../../scheduler/decisions/wording.ts';
import { progressOf } from '../../../scheduler/people/maintenance.ts';
import { ModeControl } from '../../../scheduler/people/modes.ts';
import { PENDING_MAX, PendingVms } from '../../../scheduler/people/pending.ts';
import { ProposalBook, PROPOSALS_MAX } from '../../../scheduler/people/proposals.ts';
import { onlyTheseMoves } from '../../../scheduler/loop/recheck.ts';
import { RuleBook } from '../../../scheduler/people/rule-book.ts';
import { metadataRules, resolveRules, ruleOf, type WrittenRule } from '../../../scheduler/people/rules.ts';
import { startable } from '../../../scheduler/loop/startable.ts';
import { modeOfMove } from '../../../scheduler/planner/contract/modes.ts';
import { DEFAULT_PLAN_POLICY } from '../../../scheduler/planner/contract/policy.ts';
import type { Plan, PlannedMove } from '../../../scheduler/planner/contract/plan-types.ts';
import { readRecord, recordJson } from '../../../scheduler/planner/contract/record.ts';
import type { Snapshot } from '../../../scheduler/planner/contract/snapshot.ts';
import { DecisionLog } from '../../../scheduler/decisions/log.ts';
import { Shelf } from '../../../scheduler/store/shelf.ts';
import { plannedMove, snapshotWith, viewWith } from '../operations-world.ts';
import { memoryStore } from '../memory-world.ts';

const logger = createLogger('control', 'silent');
const never = new AbortController().signal;
const T0 = 1_800_000_000_000;

function written(rule: Partial<WrittenRule>): WrittenRule {
  return { id: 'r', kind: 'anti_affinity', strength: 'must', vms: [], hosts: [], comment: '', ...rule };
}

void t.test(
  'the VM’s own mode comes first, then the more cautious of its hosts’ modes, and observe stops everything',
  (t) => {
    t.equal(modeOfMove('recommend', undefined, undefined, 'auto'), 'auto');
    t.equal(modeOfMove('recommend', 'auto', 'auto', undefined), 'auto');
    t.equal(modeOfMove('recommend', 'auto', undefined, undefined), 'recommend');
    t.equal(modeOfMove('auto', 'auto', 'observe', undefined), 'observe');
    t.equal(modeOfMove('observe', 'auto', 'auto', 'auto'), 'observe');
    t.end();
  },
);

void t.test('modes survive a restart, and another scheduler sees them at once', async (t) => {
  const store = memoryStore();
  const open = async (): Promise<ModeControl> =>
    new ModeControl(
      await Shelf.open({ store, prefix: 'mode', codec: modeCodec, entriesMax: 3, what: 'mode' }, never),
      'recommend',
      logger,
      () => undefined,
    );
  const [one, other] = [await open(), await open()];
  await one.set({ kind: 'cluster' }, 'MODE_AUTO');
  await one.set({ kind: 'vm', vmUuid: 'v1', vmName: 'web' }, 'MODE_OBSERVE');
  t.match((await open()).modes(emptyView()), { cluster: 'auto' });
  t.equal(other.modes(emptyView()).byVm.get('v1'), 'observe');
  await other.set({ kind: 'vm', vmUuid: 'v1', vmName: 'web' }, undefined);
  t.equal(one.modes(emptyView()).byVm.size, 0);
  await one.set({ kind: 'host', hostId: 'h1', hostName: 'kvm1' }, 'MODE_AUTO');
  await one.set({ kind: 'host', hostId: 'h2', hostName: 'kvm2' }, 'MODE_AUTO');
  await t.rejects(one.set({ kind: 'host', hostId: 'h3', hostName: 'kvm3' }, 'MODE_AUTO'), {
    code: 'RESOURCE_EXHAUSTED',
  });
});

void t.test(
  'metadata of several VMs that name the same group makes one rule, which says where it is written',
  (t) => {
    const apart: PlacementRule = {
      kind: 'RULE_KIND_ANTI_AFFINITY',
      strength: 'RULE_STRENGTH_MUST',
      group: 'db',
      hosts: [],
    };
    const view = viewWith([
      { name: 'db1', uuid: 'u1', placement: [apart] },
      { name: 'db2', uuid: 'u2', placement: [apart] },
      { name: 'alone', uuid: 'u3', placement: [{ ...apart, group: 'other' }] },
      {
        name: 'web',
        uuid: 'u4',
        placement: [{ ...apart, kind: 'RULE_KIND_PIN', group: '', hosts: ['kvm1'] }],
      },
    ]);
    t.match(metadataRules(view), [
      { ruleId: 'metadata:anti_affinity:must:db', vms: ['u1', 'u2'], writtenIn: 'metadata of db1, db2' },
      { ruleId: 'metadata:u4:0', hosts: ['kvm1'] },
    ]);
    t.end();
  },
);

void t.test('names become ids; an unknown name is reported and makes no rule weaker', (t) => {
  const view = viewWith([
    { name: 'web', uuid: 'u1' },
    { name: 'web', uuid: 'u2' },
    { name: 'db', uuid: 'u3' },
  ]);
  const { rules, unknown } = resolveRules(
    view,
    [
      written({ id: 'a', vms: ['web', 'db', 'gone'] }),
      written({ id: 'b', kind: 'vm_to_host', vms: ['db'], hosts: ['nowhere'] }),
      written({ id: 'c', kind: 'vm_to_host', vms: ['u3'], hosts: ['kvm1', 'nowhere'] }),
      written({ id: 'd', kind: 'vm_not_to_host', vms: ['db'], hosts: ['nowhere'] }),
      written({ id: 'e', vms: ['db', 'gone'] }),
    ].map((rule) => ruleOf(rule, 'scheduler.yaml', 0)),
  );
  t.strictSame(
    rules.map(({ id, vms, hosts }) => [id, vms, hosts]),
    [
      ['a', ['u1', 'u2', 'u3'], []],
      ['b', ['u3'], ['nowhere']],
      ['c', ['u3'], ['h1']],
    ],
  );
  t.strictSame([...unknown.keys()], ['a', 'b', 'c', 'd', 'e']);
  t.end();
});

void t.test('a rule is removed where it was written', async (t) => {
  const shelf = await Shelf.open(
    { store: memoryStore(), prefix: 'rule', codec: ruleCodec, entriesMax: 9, what: 'rule' },
    never,
  );
  const fixed = ruleOf(written({ id: 'fixed', vms: ['a', 'b'] }), 'scheduler.yaml', 0);
  const book = new RuleBook(shelf, [fixed], () => undefined);
  await book.put(ruleOf(written({ id: 'mine', vms: ['a', 'b'] }), 'evenkeel rule', T0));
  t.match(book.all(emptyView()), [{ ruleId: 'fixed' }, { ruleId: 'mine' }]);
  await t.rejects(book.put(fixed), { code: 'ALREADY_EXISTS' });
  await t.rejects(book.remove('fixed', emptyView()), {
    message: /written in scheduler\.yaml; remove it there/,
  });
  await t.rejects(book.remove('none', emptyView()), { code: 'NOT_FOUND' });
  await book.remove('mine', emptyView());
  t.match(book.all(emptyView()), [{ ruleId: 'fixed' }]);
});

async function proposals(): Promise<ProposalBook> {
  let count = 0;
  const shelf = await Shelf.open(
    {
      ...{ store: memoryStore(), prefix: 'proposal', codec: proposalCodec },
      ...{ entriesMax: PROPOSALS_MAX, what: 'proposal' },
    },
    never,
  );
  return new ProposalBook(
    shelf,
    { expiryMs: 30_000, rejectedMs: 60_000 },
    () => `p${(count += 1)}`,
    () => undefined,
  );
}

const proposed = { decisionId: 'd1', trigger: 'hot_host', move: plannedMove('v1', 'h1', 'h2').wire };

void t.test('a proposal is made once, and expires without an answer', async (t) => {
  const book = await proposals();
  const snapshot = snapshotWith(T0, [{ uuid: 'v1', hostId: 'h1' }], ['h1']);
  t.match(await book.propose(proposed, T0), { proposalId: 'p1', state: 'PROPOSAL_STATE_WAITING' });
  t.equal(await book.propose(proposed, T0 + 1), undefined);
  await book.sweep({ ...snapshot, atMs: T0 + 29_999 });
  t.equal(book.open().length, 1);
  await book.sweep({ ...snapshot, atMs: T0 + 30_000 });
  t.match(book.list(), [{ state: 'PROPOSAL_STATE_EXPIRED', endedAtMs: T0 + 30_000 }]);
  t.match(await book.propose(proposed, T0 + 30_001), { proposalId: 'p2' });
});

void t.test('a proposal is withdrawn when its reason is gone or its VM has moved', async (t) => {
  const ends: readonly [Snapshot, RegExp][] = [
    [snapshotWith(T0, [{ uuid: 'v1', hostId: 'h1' }], []), /h1 is no longer hot/],
    [snapshotWith(T0, [{ uuid: 'v1', hostId: 'h2' }], ['h1']), /no longer on h1/],
    [snapshotWith(T0, [], ['h1']), /no longer runs on any host/],
    [{ ...snapshotWith(T0, [{ uuid: 'v1', hostId: 'h1' }], ['h1']), mode: 'auto' }, /mode is auto now/],
  ];
  for (const [snapshot, note] of ends) {
    const book = await proposals();
    await book.propose(proposed, T0);
    await book.sweep(snapshot);
    t.match(book.list(), [{ state: 'PROPOSAL_STATE_WITHDRAWN', note }]);
  }
});

void t.test(
  'the planner may not repeat a rejected move for a while; an approved one counts as decided',
  async (t) => {
    const book = await proposals();
    const snapshot = snapshotWith(T0, [{ uuid: 'v1', hostId: 'h1' }], ['h1']);
    const open = await book.propose(proposed, T0);
    t.equal(book.applyTo(snapshot), snapshot, 'an open proposal does not block planning');
    if (open !== undefined) await book.approve(open);
    t.match(book.applyTo(snapshot), {
      migrations: [{ vmUuid: 'v1', targetHostId: 'h2' }],
      vms: [{ held: { code: 'approved' } }],
      hosts: [{ migrationsOut: 1 }, { memoryAllocatedBytes: 9e9, migrationsIn: 0 }, { migrationsOut: 0 }],
    });
    if (open !== undefined) await book.end(open, 'PROPOSAL_STATE_REJECTED', 'no', T0);
    t.match(book.applyTo(snapshot), { migrations: [], vms: [{ refusedTargets: [{ hostId: 'h2' }] }] });
    t.strictSame(book.applyTo({ ...snapshot, atMs: T0 + 60_000 }).vms[0]?.refusedTargets, undefined);
  },
);

void t.test('every leader knows the VMs that wait for room, until they are removed or expire', async (t) => {
  const store = memoryStore();
  const opened = async (): Promise<PendingVms> => {
    const of = { store, prefix: 'pending', codec: waitingVmCodec, entriesMax: PENDING_MAX };
    const shelf = await Shelf.open({ ...of, what: 'VM' }, never);
    return new PendingVms(shelf, logger, () => undefined);
  };
  const vm = (id: string) => ({ id, name: id, vcpus: 1, memoryMaxBytes: 1e9, needs: ['pool:shared'] });
  const [one, other] = [await opened(), await opened()];
  await one.add(vm('b'), T0 + 10, T0);
  await one.add(vm('a'), T0 + 20, T0);
  t.strictSame(other.list(T0), [vm('b'), vm('a')], 'the one that has waited longest comes first');
  t.strictSame(other.list(T0 + 10), [vm('a')]);
  await one.remove(vm('a'));
  t.strictSame(other.list(T0), [vm('b')]);
  for (let at = 1; at < PENDING_MAX; at += 1) await one.add(vm(`c${at}`), T0 + 30, T0);
  await t.rejects(one.add(vm('d'), T0 + 30, T0), { code: 'RESOURCE_EXHAUSTED' });
  await one.add(vm('d'), T0 + 30, T0 + 10);
  t.equal(other.list(T0 + 10).length, PENDING_MAX, 'expired entries make room');
});

void t.test('the book of proposals drops the oldest that has ended, never an open one', async (t) => {
  const book = await proposals();
  const waiting = await book.propose({ ...proposed, move: { ...proposed.move, vmUuid: 'w' } }, T0 - 1);
  for (let at = 0; at < PROPOSALS_MAX + 5; at += 1) {
    const made = await book.propose(proposed, T0 + at);
    if (made !== undefined) await book.end(made, 'PROPOSAL_STATE_EXPIRED', '', T0 + at);
  }
  t.equal(book.list().length, PROPOSALS_MAX);
  t.match(book.open(), [{ proposalId: waiting?.proposalId }]);
});

void t.test(
  'a move is proposed once, replaced when it has become useless, and blocks no other need',
  async (t) => {
    const book = await proposals();
    await book.propose(proposed, T0);
    const asked = (isPointless: boolean, ...moves: PlannedMove[]): unknown[] =>
      newAsks(moves, book.waiting(), () => isPointless).map(({ move, replaces }) => [
        move.vmUuid,
        replaces.map(({ proposalId }) => proposalId),
      ]);
    const same = plannedMove('v1', 'h1', 'h2').planned;
    const another = plannedMove('v2', 'h1', 'h2').planned;
    t.strictSame(asked(true, same), [], 'it is already proposed');
    t.strictSame(asked(true, same, another), [['v2', []]], 'one more move is needed');
    t.strictSame(asked(false, another), [], 'the open proposal would do as well');
    t.strictSame(asked(true, another), [['v2', ['p1']]]);
    t.strictSame(asked(true, plannedMove('v1', 'h1', 'h3').planned), [['v1', ['p1']]], 'a better target');
    t.strictSame(
      asked(false, { ...another, trigger: 'must_rule' }),
      [['v2', []]],
      'another need of the host',
    );
    t.strictSame(asked(false, plannedMove('v3', 'h3', 'h2').planned), [['v3', []]], 'another host');
  },
);

void t.test('in a re-check only the decided moves are possible', (t) => {
  const snapshot = snapshotWith(
    T0,
    [
      { uuid: 'v1', hostId: 'h1' },
      { uuid: 'v2', hostId: 'h1' },
    ],
    ['h1'],
  );
  const [v1, v2] = onlyTheseMoves(snapshot, [{ vmUuid: 'v1', targetHostId: 'h2' }]).vms;
  t.equal(v1?.held, undefined);
  t.strictSame(
    v1?.refusedTargets?.map(({ hostId }) => hostId),
    ['h3'],
  );
  t.match(v2?.held, { code: 'not_asked', against: 'every_move' });
  t.end();
});

void t.test(
  'only moves with free slots start, none that waits for another, and a blocked one does not stop those behind it',
  (t) => {
    const limits = {
      outPerHost: 1,
      inPerHost: 1,
      clusterMax: 3,
      bandwidthBytesPerSecond: 100,
      bandwidthTotalBytesPerSecond: 1000,
    };
    const moves = [
      plannedMove('a', 'h1', 'h2').planned,
      plannedMove('b', 'h1', 'h3').planned,
      { ...plannedMove('c', 'h3', 'h4').planned, after: [0] },
      plannedMove('d', 'h4', 'h3').planned,
      plannedMove('e', 'h5', 'h6').planned,
      plannedMove('f', 'h7', 'h8').planned,
    ];
    const names = (underWay: Parameters<typeof startable>[1]): string[] =>
      startable(moves, underWay, limits).map(({ vmUuid }) => vmUuid);
    t.strictSame(names([]), ['a', 'd', 'e']);
    t.strictSame(names([{ vmUuid: 'x', sourceHostId: 'h1', targetHostId: 'h9' }]), ['d', 'e']);
    const narrow = { ...limits, bandwidthTotalBytesPerSecond: 250 };
    t.equal(startable(moves, [], narrow).length, 2, 'a third would exceed the bandwidth of all together');
    t.end();
  },
);

const PLAN: Plan = {
  ...{ moves: [plannedMove('v1', 'h1', 'h2').planned], stays: [], conflicts: [], emptyHosts: [] },
  ...{ frozenReason: '', objective: { before: 2, after: 1 }, stopped: 'complete', steps: 12 },
};

void t.test('a decision holds the figures behind it, in the units of the wire', (t) => {
  const snapshot = snapshotWith(T0, [{ uuid: 'v1', hostId: 'h1' }], ['h1']);
  t.match(decisionsOf(snapshot, PLAN), [
    {
      ...{ hostId: 'h1', trigger: 'hot_host', mode: 'MODE_RECOMMEND', overloadedSinceMs: T0 - 60_000 },
      move: { vmUuid: 'v1', cost: { durationMs: 10_000, trafficBytes: 1.5e9, persistenceMs: 300_000 } },
    },
  ]);
  t.end();
});

void t.test('a record is read as it was written; a misspelt policy figure is refused by name', (t) => {
  const snapshot = snapshotWith(T0, [{ uuid: 'v1', hostId: 'h1' }], ['h1']);
  const record = { snapshot, policy: DEFAULT_PLAN_POLICY, limits: { steps: 100 }, plan: PLAN };
  t.strictSame(readRecord(JSON.parse(recordJson(record))), JSON.parse(JSON.stringify(record)));
  const read = (policy: object) => () => readRecord({ ...JSON.parse(recordJson(record)), policy });
  t.throws(read({ gainMinimum: 1 }), { message: /record\.policy\.gainMinimum/ });
  t.throws(read({ cpu: { entryRatio: 0.5, exitRatio: 0.6 } }), { message: /exitRatio.*below entryRatio/ });
  t.end();
});

void t.test('a host is not empty while the outcome of a migration away from it is open', (t) => {
  const entry = { hostId: 'h1', hostName: 'h1', enteredAtMs: T0, reason: '', vmsAtEntry: 2 };
  const migrations = [{ vmUuid: 'v1', sourceHostId: 'h1', targetHostId: 'h2' }];
  const shownOnTarget = { ...snapshotWith(T0, [{ uuid: 'v1', hostId: 'h2' }], []), migrations };
  t.match(progressOf(entry, shownOnTarget, { ...PLAN, moves: [] }), {
    vmsLeft: 1,
    vmsMoving: 1,
    impossible: [],
  });
  const arrived = { ...shownOnTarget, migrations: [] };
  t.match(progressOf(entry, arrived, { ...PLAN, moves: [] }), { vmsLeft: 0, vmsMoving: 0, impossible: [] });
  t.end();
});

void t.test(
  'a host without a move whose reason keeps changing is recorded at most twice a minute',
  async (t) => {
    const book: string[] = [];
    const log = new DecisionLog({
      decisions: {
        record: ({ noMoveCode, mode }) => {
          book.push(`${noMoveCode} ${mode}`);
          return Promise.resolve();
        },
      },
      records: { keep: () => Promise.resolve('r1') },
      newId: () => `d${book.length}`,
      logger,
    });
    const say = (afterMs: number, noMoveCode: string, mode: Mode = 'MODE_AUTO'): Promise<unknown> => {
      const host = { hostId: 'h1', hostName: 'kvm1', trigger: 'hot_host', overloadedSinceMs: T0 };
      const stay = { ...host, atMs: T0 + afterMs, mode, move: null, noMoveCode, noMoveReason: noMoveCode };
      return log.write([{ ...stay, evidence: [], refusals: [] }], () => '{}');
    };
    await say(0, 'no_gain');
    await say(1_000, 'falling');
    await say(2_000, 'no_gain');
    await say(3_000, 'no_gain', 'MODE_OBSERVE');
    await say(33_000, 'falling', 'MODE_OBSERVE');
    await say(63_000, 'falling', 'MODE_OBSERVE');
    await say(333_000, 'falling', 'MODE_OBSERVE');
    t.strictSame(book, [
      'no_gain MODE_AUTO',
      'no_gain MODE_OBSERVE',
      'falling MODE_OBSERVE',
      'falling MODE_OBSERVE',
    ]);
  },
);
