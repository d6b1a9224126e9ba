// Tests the simulator: the same seed gives the same world, planted bugs are found, and a quick set of seeds finds no violation.
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { plantOf, PLANT_NAMES } from '../../../sim/migrations/plants.ts';
import { Random } from '../../../sim/world/random.ts';
import { runSeed, STEPS_MAX, type Violation } from '../../../sim/migrations/run.ts';

// A world waits for many things on one signal; the listeners go away with the world.
setMaxListeners(0);

const OPTIONS = { stepsMax: STEPS_MAX };
// Enough to see most of what 10,000 show; a second is about thirty of them.
const QUICK_SEEDS = 300;
const PLANT_SEEDS = 100;

function told({ invariant, message, replay, trace }: Violation): string {
  return [`${invariant}: ${message}`, `replay: ${replay}`, ...trace].join('\n');
}

t.test('the same seed gives the same world, another seed another one', async (t) => {
  const [first, again, other] = [
    await runSeed(11, OPTIONS),
    await runSeed(11, OPTIONS),
    await runSeed(12, OPTIONS),
  ];
  t.equal(first.hash, again.hash);
  t.equal(first.steps, again.steps);
  t.not(first.hash, other.hash);
});

t.test('random numbers are spread evenly and differ from stream to stream', (t) => {
  const random = new Random(1);
  const counts = new Array<number>(10).fill(0);
  for (let drawn = 0; drawn < 10_000; drawn += 1) {
    const slot = Math.floor(random.ratio() * 10);
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  for (const count of counts) t.ok(count > 850 && count < 1_150, `${count} of 10,000`);
  t.not(new Random(1, 1).bits(), new Random(1, 2).bits());
  t.end();
});

t.test(`seeds 1 to ${QUICK_SEEDS} keep every promise`, async (t) => {
  const endings = new Set<string>();
  for (let seed = 1; seed <= QUICK_SEEDS; seed += 1) {
    const { violation, endedBy } = await runSeed(seed, OPTIONS);
    for (const ending of Object.keys(endedBy)) endings.add(ending);
    if (violation !== undefined) t.fail(told(violation));
  }
  for (const word of ['succeeded', 'aborted user_abort', 'failed net_lost_copy', 'crashed guest_crashed'])
    t.ok(endings.has(word), `some migration was ${word}`);
});

t.test('seeds that once failed keep every promise', async (t) => {
  for (const { seed, found } of keptSeeds()) {
    const { violation } = await runSeed(seed, OPTIONS);
    t.equal(violation === undefined ? '' : told(violation), '', `seed ${seed}: ${found}`);
  }
});

for (const name of PLANT_NAMES)
  t.test(`the planted bug "${name}" is found within ${PLANT_SEEDS} seeds`, async (t) => {
    for (let seed = 1; seed <= PLANT_SEEDS; seed += 1) {
      const plant = { name, plant: plantOf(name) };
      const { violation } = await runSeed(seed, { ...OPTIONS, plant });
      if (violation === undefined) continue;
      t.match(violation.replay, `--seed ${seed} --trace --plant ${name}`);
      t.comment(`seed ${seed}: ${violation.invariant}: ${violation.message}`);
      return;
    }
    t.fail('no promise was broken');
  });

function keptSeeds(): { seed: number; found: string }[] {
  const text = readFileSync(join(import.meta.dirname, '../../../sim/migrations/seeds.json'), 'utf8');
  const value: unknown = JSON.parse(text);
  const kept: unknown = typeof value === 'object' && value !== null && 'kept' in value ? value.kept : [];
  if (!Array.isArray(kept)) throw new Error('sim/migrations/seeds.json holds no list');
  return kept.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('seed' in entry) || !('found' in entry))
      throw new Error('sim/migrations/seeds.json: an entry is no {seed, found}');
    return { seed: Number(entry.seed), found: String(entry.found) };
  });
}
