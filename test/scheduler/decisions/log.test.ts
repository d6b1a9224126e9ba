// Tests what the decision log writes again after a write has failed.
import t from 'tap';
import { DecisionLog } from '../../../scheduler/decisions/log.ts';
import type { PlannedDecision } from '../../../scheduler/decisions/wording.ts';
import { createLogger } from '../../../shared/log.ts';

const AT_MS = 1_700_000_000_000;

function stay(hostId: string): PlannedDecision {
  const host = { hostId, hostName: hostId, trigger: 'hot_host', overloadedSinceMs: AT_MS };
  return {
    ...{ ...host, atMs: AT_MS, mode: 'MODE_AUTO' as const, move: null },
    ...{ noMoveCode: 'no_gain', noMoveReason: 'no move helps', evidence: [], refusals: [] },
  };
}

void t.test('a decision that cannot be written does not make those after it news again', async (t) => {
  const book: string[] = [];
  let failing = '';
  const log = new DecisionLog({
    decisions: {
      record: ({ hostId }) => {
        if (hostId === failing) return Promise.reject(new Error('NATS is away'));
        book.push(hostId);
        return Promise.resolve();
      },
    },
    records: { keep: () => Promise.resolve('r1') },
    newId: () => `d${book.length}`,
    logger: createLogger('test', 'silent'),
  });
  await log.write([stay('h2'), stay('h3')], () => '{}');
  failing = 'h1';
  const batch = [stay('h1'), stay('h2'), stay('h3')];
  t.equal(await log.write(batch, () => '{}'), undefined, 'it must not be acted upon');
  failing = '';
  t.equal((await log.write(batch, () => '{}'))?.length, 3);
  t.strictSame(book, ['h2', 'h3', 'h1'], 'h2 and h3 are in the book once');
});
