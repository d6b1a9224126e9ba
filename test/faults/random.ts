// Draws a random fault from a seed: part, way, moment and duration; the same seed always gives the same fault.
import type { FaultCase } from './cases/case.ts';
import type { CaseMode } from './cases/mode.ts';
import type { Cut, Part } from './parts.ts';
import type { Stage } from './stage.ts';

export interface RandomFault {
  readonly seed: number;
  readonly mode: CaseMode;
  readonly target: Struck;
  readonly way: 'kill' | 'stop' | 'cut';
  /** After the order. */
  readonly momentMs: number;
  readonly lastsMs: number;
  /** How fast the guest changes its memory: what makes one copy longer than another. */
  readonly dirtyMibPerSecond: number;
}

type Struck =
  | 'agent of the source'
  | 'agent of the target'
  | 'libvirtd of the source'
  | 'libvirtd of the target'
  | 'scheduler'
  | 'nats'
  | 'link between the hosts'
  | 'link of the scheduler to the source'
  | 'link of the scheduler to the target'
  | 'QEMU of the source'
  | 'QEMU of the target';

/** Weights. A killed guest must boot again, so two of 22 faults are enough of those. */
const struck: readonly (readonly [Struck, weight: number])[] = [
  ['agent of the source', 3],
  ['agent of the target', 3],
  ['libvirtd of the source', 3],
  ['libvirtd of the target', 3],
  ['scheduler', 3],
  ['nats', 1],
  ['link between the hosts', 2],
  ['link of the scheduler to the source', 1],
  ['link of the scheduler to the target', 1],
  ['QEMU of the source', 1],
  ['QEMU of the target', 1],
];

/** A migration of the suite's guest takes two to five seconds on the lab. */
const momentMaxMs = 5_000;
const lastsMaxMs = 8_000;
/** One in eight outlasts libvirt's keepalive of 30 s. */
const lastsLongMs = 38_000;

export function randomFault(seed: number): RandomFault {
  const next = generator(seed);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(next() * items.length)];
    if (item === undefined) throw new Error('pick: nothing to pick from');
    return item;
  };
  const target = pick(struck.flatMap(([name, weight]) => Array.from({ length: weight }, () => name)));
  const way = target.startsWith('link') ? 'cut' : pick(['kill', 'stop'] as const);
  const isLong = next() < 1 / 8;
  return {
    seed,
    mode: pick(['lock', 'paused'] as const),
    target,
    way,
    momentMs: Math.round(next() * momentMaxMs),
    lastsMs: isLong ? lastsLongMs : Math.round(next() * lastsMaxMs),
    dirtyMibPerSecond: pick([0, 10, 40, 70]),
  };
}

export function describeRandom({ target, way, momentMs, lastsMs, dirtyMibPerSecond }: RandomFault): string {
  const verb = { kill: 'killed', stop: 'stopped', cut: 'cut' }[way];
  return `${target} ${verb} ${momentMs} ms after the order, for ${lastsMs} ms; the guest changes ${dirtyMibPerSecond} MiB/s`;
}

/** The fault as a case: any outcome is allowed, but it must be true, and the guest on one host. */
export function randomCase(fault: RandomFault): FaultCase {
  return {
    id: 'random',
    variant: `seed ${fault.seed}`,
    title: describeRandom(fault),
    modes: [fault.mode],
    at: 'before',
    strike: async (stage) => {
      await stage.guest.tell(`dirty ${fault.dirtyMibPerSecond} 64`);
      const { status, text } = await stage.order();
      if (status !== 0) throw new Error(`the migration was refused: ${text}`);
      await stage.pause(fault.momentMs);
      await strike(stage, fault);
      await stage.healAll();
    },
    ends: [
      'SUCCEEDED',
      'FAILED',
      'ABORTED',
      ...(fault.target.startsWith('QEMU') ? (['CRASHED'] as const) : []),
    ],
    home: fault.target.startsWith('QEMU') ? 'at most one' : 'told',
    endsWithinMs: 120_000,
  };
}

async function strike(stage: Stage, { target, way, lastsMs }: RandomFault): Promise<void> {
  const cut = cutOf(stage, target);
  if (cut !== undefined) {
    await stage.cut(cut);
    await stage.pause(lastsMs);
    return stage.mend();
  }
  const part = partOf(stage, target);
  if (part === undefined) return;
  try {
    await (way === 'stop' ? stage.stop(part) : stage.killAndKeepAway([part]));
  } catch (error) {
    // The target's QEMU exists for a part of the time only.
    stage.say(`nothing struck: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  await stage.pause(lastsMs);
  await stage.wake(part);
}

function cutOf({ source, target: to }: Stage, target: Struck): Cut | undefined {
  switch (target) {
    case 'link between the hosts':
      return { at: source, peer: to, direction: 'both' };
    case 'link of the scheduler to the source':
      return { at: source, peer: 'control', direction: 'both' };
    case 'link of the scheduler to the target':
      return { at: to, peer: 'control', direction: 'both' };
    case 'agent of the source':
    case 'agent of the target':
    case 'libvirtd of the source':
    case 'libvirtd of the target':
    case 'scheduler':
    case 'nats':
    case 'QEMU of the source':
    case 'QEMU of the target':
      return undefined;
  }
}

function partOf(stage: Stage, target: Struck): Part | undefined {
  switch (target) {
    case 'agent of the source':
      return stage.agent('source');
    case 'agent of the target':
      return stage.agent('target');
    case 'libvirtd of the source':
      return stage.libvirtd('source');
    case 'libvirtd of the target':
      return stage.libvirtd('target');
    case 'scheduler':
      return stage.scheduler;
    case 'nats':
      return stage.nats;
    case 'QEMU of the source':
      return stage.qemu('source');
    case 'QEMU of the target':
      return stage.qemu('target');
    case 'link between the hosts':
    case 'link of the scheduler to the source':
    case 'link of the scheduler to the target':
      return undefined;
  }
}

/** mulberry32: 32 bits of state, the same numbers on every machine. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
