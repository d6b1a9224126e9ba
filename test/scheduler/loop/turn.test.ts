// Tests that a turn starts a move under the id of its decision, and starts none without one.
import t from 'tap';
import { DecisionLog } from '../../../scheduler/decisions/log.ts';
import { Planning } from '../../../scheduler/loop/planning.ts';
import { Shadow } from '../../../scheduler/loop/shadow.ts';
import { Turn, type TurnParts } from '../../../scheduler/loop/turn.ts';
import { slotLimits } from '../../../scheduler/migrations/slot-limits.ts';
import { PROPOSALS_MAX, ProposalBook } from '../../../scheduler/people/proposals.ts';
import { DEFAULT_PLAN_POLICY } from '../../../scheduler/planner/contract/policy.ts';
import { planMoves } from '../../../scheduler/planner/plan-moves.ts';
import { Shelf } from '../../../scheduler/store/shelf.ts';
import { Bell } from '../../../shared/bell.ts';
import { createLogger } from '../../../shared/log.ts';
import { proposalCodec } from '../../../shared/proto/load.ts';
import { MIB } from '../../../shared/units.ts';
import { ManualClock } from '../../manual-clock.ts';
import { memoryStore } from '../memory-world.ts';
import { host, hotSpot, snapshotOf, vm } from '../planner/snapshots.ts';

const logger = createLogger('test', 'silent');
const SLOTS = {
  ...{ outPerHost: 1, inPerHost: 1, concurrentMax: 1 },
  ...{ bandwidthBytesPerSecond: MIB, bandwidthTotalBytesPerSecond: 0 },
};

/** A turn over one hot host and an idle one; `newId` names the decisions. */
async function turnOf(newId: () => string): Promise<{ turn: Turn; orders: string[] }> {
  const orders: string[] = [];
  const shelf = await Shelf.open(
    {
      ...{ store: memoryStore(), prefix: 'proposal', codec: proposalCodec },
      ...{ entriesMax: PROPOSALS_MAX, what: 'proposal' },
    },
    new AbortController().signal,
  );
  const quiet = (): undefined => undefined;
  const proposals = new ProposalBook(shelf, { expiryMs: 30_000, rejectedMs: 60_000 }, () => 'p', quiet);
  const hosts = [host('h1', [vm('a', 0.5), vm('b', 0.4)], { hot: [hotSpot()] }), host('h2')];
  const planning = new Planning({
    ...{ snapshot: () => snapshotOf(hosts), planMoves, policy: DEFAULT_PLAN_POLICY },
    ...{ shadowPolicy: undefined, limits: {}, proposals },
  });
  const log = new DecisionLog({
    decisions: { record: () => Promise.resolve() },
    records: { keep: () => Promise.resolve('r') },
    ...{ newId, logger },
  });
  const runner: TurnParts['runner'] = {
    start: ({ vmName, decisionId }) => {
      orders.push(`${vmName} for ${decisionId}`);
      return Promise.reject(new Error('only the order is looked at'));
    },
  };
  const clock = new ManualClock();
  const turn = new Turn({
    ...{ planning, runner, proposals, log, logger },
    ...{ shadow: new Shadow({ planning, events: { shadow: quiet }, newId, logger }), clock },
    ...{ slots: () => slotLimits(SLOTS, hosts.length), watchBell: new Bell(clock) },
  });
  return { turn, orders };
}

void t.test('a move is ordered under the id of its decision', async (t) => {
  const { turn, orders } = await turnOf(() => 'd1');
  await turn.take();
  t.strictSame(orders, ['a for d1']);
});

void t.test(
  'a decision without an id orders nothing: it would count as an order of an operator',
  async (t) => {
    const { turn, orders } = await turnOf(() => '');
    await t.rejects(turn.take(), /decision 0 of the turn has no id/);
    t.strictSame(orders, []);
  },
);
