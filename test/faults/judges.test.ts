// Tests the fault suite's judges without a lab: overlapping copies, the guest's records, and random faults from a seed.
import t from 'tap';
import { tooSilent } from './silences.ts';
import { checksum, readDiskLog } from './disk-log.ts';
import { overlaps } from './intervals.ts';
import { cases, notRun } from './cases/list.ts';
import { randomFault } from './random.ts';

/** One look every 100 ms: x where the copy ran, a dot where it did not, a blank where it was not there. */
function ran(copy: string, picture: string): Parameters<typeof overlaps>[0] {
  return Array.from(picture, (letter, index) => ({
    ...{ copy, fromMs: index * 100, toMs: index * 100 + 100, letter },
    ranMs: letter === 'x' ? 20 : 0.01,
  })).filter(({ letter }) => letter !== ' ');
}

t.test('two copies overlap when each ran after the other had', (t) => {
  for (const [one, other, isOverlap] of [
    ['xxxx....', '.....xxx', false],
    // The hand-over inside one look, or across two.
    ['xxxx....', '...xxxxx', false],
    ['xxxxx...', '...xxxxx', false],
    ['xxxxxx..', '...xxxxx', true],
    ['xxxxxxxx', '........', false],
    // One that sets up its vCPUs as it begins, and waits then; not one that goes on, or that was there for long.
    ['xxxxxxxxxx...', '     x....xxxx', false],
    ['xxxxxxxxxx...', '     xx....xxx', false],
    ['xxxxxxxxxx...', '     x....   ', false],
    ['xxxxxxxxxx...', '     xxxxxxxxx', true],
    ['xxxxxxxxxxxxxxxxxxxxxx...', '     ...........x....xxxx', true],
    // A copy that runs again after the other had its turn.
    ['xxx....x', '....xx..', true],
    ['xxxxxxxx', 'xxxxxxxx', true],
    // One that ends without having run, and one that ran before it ended.
    ['xxxxxxxxxx', '....x', false],
    ['xxxxxxxxxx', '....xx', true],
  ] as const) {
    const found = overlaps([...ran('a', one), ...ran('b', other)]);
    t.equal(found.length > 0, isOverlap, `${one} ${other}`);
  }
  t.end();
});

function imageOf(records: ReadonlyMap<number, string>): Buffer {
  const image = Buffer.alloc(4 * 1024 ** 2);
  for (const [number, text] of records) image.write(text, (1 + (number % 2048)) * 512, 'latin1');
  return image;
}

function written(from: number, to: number): Map<number, string> {
  const records = new Map<number, string>();
  for (let number = from; number <= to; number += 1) {
    const text = `record ${number} ${number * 50}`;
    records.set(number, `${text} ${checksum(text)}\n`);
  }
  return records;
}

t.test('the records of a disk are whole, complete and in order, or the problems are named', (t) => {
  t.strictSame(readDiskLog(imageOf(new Map())), { lastNumber: 0, problems: [] });
  t.strictSame(readDiskLog(imageOf(written(1, 40))), { lastNumber: 40, problems: [] });
  t.strictSame(readDiskLog(imageOf(written(3_000, 5_047))), { lastNumber: 5_047, problems: [] });

  const withHole = written(1, 40);
  withHole.delete(17);
  t.match(readDiskLog(imageOf(withHole)), { problems: [/17 is missing/] });
  const torn = written(1, 40);
  torn.set(9, torn.get(9)?.replace('record 9 ', 'record 8 ') ?? '');
  t.match(readDiskLog(imageOf(torn)), { problems: [/torn/, /9 is missing/] });
  const late = written(1, 40);
  const text = 'record 20 1';
  late.set(20, `${text} ${checksum(text)}\n`);
  t.match(readDiskLog(imageOf(late)), { problems: [/20 was written before/] });
  t.end();
});

t.test('the checksum is that of the guest', (t) => {
  // FNV-1a, 64 bits: published test vectors.
  t.equal(checksum(''), 'cbf29ce484222325');
  t.equal(checksum('foobar'), '85944171f73967e8');
  t.end();
});

t.test('a seed gives the same fault each time, and seeds reach every part', (t) => {
  t.strictSame(randomFault(7), randomFault(7));
  const faults = Array.from({ length: 500 }, (_, seed) => randomFault(seed));
  t.equal(new Set(faults.map(({ target }) => target)).size, 11);
  t.equal(new Set(faults.map(({ way }) => way)).size, 3);
  t.ok(faults.every(({ way, target }) => (way === 'cut') === target.startsWith('link')));
  t.end();
});

t.test('each fault of the list runs, or is listed with the reason why not', (t) => {
  const known = new Set(['F1', ...cases.map(({ id }) => id), ...notRun.map(({ id }) => id)]);
  const missing = Array.from({ length: 45 }, (_, index) => `F${index + 1}`).filter((id) => !known.has(id));
  t.strictSame(missing, []);
  const names = cases.map(({ id, variant, modes }) => `${id} ${variant ?? ''} ${modes.join()}`);
  t.ok(cases.every(({ ends, home }) => ends.length > 0 || home === 'source'));
  t.equal(new Set(names).size, names.length, 'no two cases have the same name');
  t.end();
});

void t.test('silences are judged by those of plain virsh in the same run', (t) => {
  const virsh = [300, 310, 320, 330, 400];
  const moves = (silenceMs: number, times: number): number[] =>
    Array.from({ length: times }, () => silenceMs);
  t.strictSame(tooSilent(moves(420, 100), virsh), []);
  t.strictSame(tooSilent([...moves(350, 91), ...moves(2_000, 9)], virsh), [], 'a busy moment of the machine');
  t.match(tooSilent(moves(421, 100), virsh), [/421 ms in the median, at most 420 ms/]);
  t.match(tooSilent([...moves(350, 89), ...moves(501, 11)], virsh), [
    /501 ms in nine of ten moves, at most 500/,
  ]);
  t.match(tooSilent([...moves(350, 99), 2_501], virsh), [/round 100: silent for 2501 ms/]);
  t.end();
});
