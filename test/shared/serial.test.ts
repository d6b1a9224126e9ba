// Tests the serial queue: one at a time, in order, past failures.
import t from 'tap';
import { Serial, SerialByKey } from '../../shared/serial.ts';
import { ManualClock } from '../manual-clock.ts';

/** Work that takes time, and records when it begins and ends. */
function timed(): {
  clock: ManualClock;
  log: string[];
  work: (name: string, ms: number) => () => Promise<string>;
} {
  const clock = new ManualClock();
  const log: string[] = [];
  const work = (name: string, ms: number) => async (): Promise<string> => {
    log.push(`${name} begins`);
    await clock.sleep(ms);
    log.push(`${name} ends`);
    return name;
  };
  return { clock, log, work };
}

void t.test('work runs one after another, in the order of the calls', async (t) => {
  const { clock, log, work } = timed();
  const serial = new Serial();
  const results = Promise.all([serial.run(work('slow', 100)), serial.run(work('quick', 1))]);
  await clock.pass(200);
  t.same(await results, ['slow', 'quick'], 'each call gets its own answer');
  t.same(log, ['slow begins', 'slow ends', 'quick begins', 'quick ends']);
});

void t.test('a failure reaches its caller, and does not block the next', async (t) => {
  const serial = new Serial();
  const failed = serial.run(() => Promise.reject(new Error('no')));
  const thrown = serial.run(() => {
    throw new Error('not even a promise');
  });
  const next = serial.run(() => Promise.resolve('done'));
  await t.rejects(failed, { message: 'no' });
  await t.rejects(thrown, { message: 'not even a promise' });
  t.equal(await next, 'done');
});

void t.test('has ended when the last work has, even if it failed', async (t) => {
  const { clock, log, work } = timed();
  const serial = new Serial();
  void serial.run(work('first', 100));
  serial.run(() => Promise.reject(new Error('no'))).catch(() => undefined);
  void serial.ended().then(() => log.push('ended'));
  await clock.pass(200);
  t.same(log, ['first begins', 'first ends', 'ended']);
});

void t.test('each key has its own queue, and leaves nothing behind', async (t) => {
  const { clock, log, work } = timed();
  const serial = new SerialByKey();
  void serial.run('a', work('a1', 100));
  void serial.run('a', work('a2', 100));
  void serial.run('b', work('b1', 10));
  await t.rejects(serial.run('c', () => Promise.reject(new Error('no'))));
  await clock.pass(150);
  t.same(log, ['a1 begins', 'b1 begins', 'b1 ends', 'a1 ends', 'a2 begins']);
  t.equal(serial.size, 1, 'only a2 is left');
  void serial.run('a', work('a3', 1));
  await clock.pass(100);
  t.same(log.slice(5), ['a2 ends', 'a3 begins', 'a3 ends']);
  t.equal(serial.size, 0);
});
