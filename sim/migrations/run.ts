// One seed from beginning to end: a world, its storm, the calm after it, and every promise checked after every event.
import { causeWord } from '../../shared/cause-word.ts';
import { lineOf } from './facts.ts';
import { INVARIANTS } from './invariants/all.ts';
import { Random } from '../world/random.ts';
import { isEnded, isForOperator } from './scene.ts';
import { Storm } from './storm.ts';
import { World, type Plant } from './world.ts';

export interface Violation {
  readonly seed: number;
  /** "I1", or "bug" for an uncaught error. */
  readonly invariant: string;
  readonly message: string;
  readonly step: number;
  readonly atMs: number;
  readonly replay: string;
  readonly trace: readonly string[];
}

export interface RunResult {
  readonly seed: number;
  readonly hash: string;
  readonly steps: number;
  readonly migrations: number;
  readonly endedBy: Readonly<Record<string, number>>;
  readonly violation: Violation | undefined;
  /** The whole trace, if requested. */
  readonly trace: readonly string[];
}

export interface RunOptions {
  readonly stepsMax: number;
  readonly plant?: { readonly name: string; readonly plant: Plant };
  readonly keepsTrace?: boolean;
}

/** Limit of events of a run; the longest of the first 10,000 seeds has a third of that. */
export const STEPS_MAX = 100_000;
// All deadlines of a migration one after the other, then the minute in which a host that was away is told of the end.
const CALM_MAX_MS = 420_000;
const CALM_LOOK_MS = 5_000;
const TRACE_LINES = 60;
// Stream of random numbers, apart from those of the world.
const STORM_STREAM = 100;

export async function runSeed(seed: number, options: RunOptions): Promise<RunResult> {
  const world = new World(seed, options.plant?.plant ?? {}, options.keepsTrace);
  const storm = new Storm(world, new Random(seed, STORM_STREAM));
  const bugs: unknown[] = [];
  const onBug = (error: unknown): void => {
    bugs.push(error);
  };
  process.on('unhandledRejection', onBug);
  try {
    storm.begin();
    const found = await live(world, storm, options.stepsMax, bugs);
    const violation = found && describe(seed, world, found, options.plant?.name);
    return {
      seed,
      hash: world.history.hash,
      steps: world.timeline.steps,
      migrations: world.migrations.size,
      endedBy: tally(world),
      violation,
      trace: options.keepsTrace === true ? world.history.facts.map(lineOf) : [],
    };
  } finally {
    process.off('unhandledRejection', onBug);
  }
}

interface Found {
  readonly invariant: string;
  readonly message: string;
}

/** Runs events until the calm has lasted long enough or a promise is broken. */
async function live(
  world: World,
  storm: Storm,
  stepsMax: number,
  bugs: readonly unknown[],
): Promise<Found | undefined> {
  const { timeline, history, scene } = world;
  const calm = watchCalm(world, storm);
  let seen = 0;
  while (timeline.steps < stepsMax && !calm.isOver()) {
    if (!(await timeline.step())) break;
    if (bugs.length > 0) return { invariant: 'bug', message: textOf(bugs[0]) };
    if (history.facts.length === seen) continue;
    const news = history.facts.slice(seen);
    world.fold(seen);
    seen = history.facts.length;
    for (const { id, step } of INVARIANTS) {
      const message = step?.(scene, news);
      if (message !== undefined) return { invariant: id, message };
    }
    storm.watch(news);
  }
  // With fewer steps than it takes, nothing can be said about the end.
  if (!calm.isOver())
    return stepsMax < STEPS_MAX
      ? undefined
      : { invariant: 'I7', message: `the world has not settled after ${timeline.steps} steps` };
  for (const { id, end } of INVARIANTS) {
    const message = end?.(scene);
    if (message !== undefined) return { invariant: id, message };
  }
  return undefined;
}

/** The calm is over once nothing is under way, or once its time is up. */
function watchCalm(world: World, storm: Storm): { isOver: () => boolean } {
  const { timeline, migrations, libvirt } = world;
  const state: { isOver: boolean; calmSinceMs: number | undefined } = {
    isOver: false,
    calmSinceMs: undefined,
  };
  const look = (): void => {
    timeline.after(CALM_LOOK_MS, () => {
      if (!storm.isOn) state.calmSinceMs ??= timeline.nowMs;
      const sinceMs = state.calmSinceMs;
      if (sinceMs !== undefined) {
        const isSettled =
          libvirt.transfers.length === 0 &&
          world.leader !== undefined &&
          [...migrations.values()].every((migration) => isEnded(migration) || isForOperator(migration)) &&
          !world.hasClaims();
        // Even a settled world is watched for a while: a late message may arrive.
        state.isOver ||= timeline.nowMs - sinceMs >= (isSettled ? 30_000 : CALM_MAX_MS);
      }
      if (!state.isOver) look();
    });
  };
  look();
  return { isOver: () => state.isOver };
}

function describe(seed: number, world: World, found: Found, plant: string | undefined): Violation {
  const { history, timeline } = world;
  const planted = plant === undefined ? '' : ` --plant ${plant}`;
  return {
    seed,
    ...found,
    step: timeline.steps,
    atMs: Math.round(timeline.nowMs),
    replay: `npm run sim -- --seed ${seed} --trace${planted}`,
    trace: history.facts.slice(-TRACE_LINES).map(lineOf),
  };
}

function tally({ migrations }: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state, causeCode } of migrations.values()) {
    const cause = causeWord(causeCode);
    const word = `${state.slice('MIGRATION_STATE_'.length).toLowerCase()}${cause === '' ? '' : ` ${cause}`}`;
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
