// Tests invariants of a migration on its source over random sequences of sights.
import fc from 'fast-check';
import t from 'tap';
import type { VmEvent } from '../../../../agent/migration/hypervisor/hypervisor.ts';
import type { Call, CopyState, Seen } from '../../../../agent/migration/source/states.ts';
import { DeadlineError, EvenkeelError } from '../../../../shared/errors.ts';
import type { MigrateRequest, VmInput } from '../../../../shared/gen/agent.ts';
import { MIB } from '../../../../shared/units.ts';
import {
  broken,
  intent,
  Life,
  lost,
  noJob,
  noPostCopy,
  outgoing,
  OWN_DOWNTIME_MS,
  paused,
  running,
  textOf,
} from './machine-life.ts';

const EVENTS: readonly VmEvent[] = [
  ...['migrated', 'postCopy', 'ioError', 'paused'].map((detail) => ({ kind: 'suspended', detail }) as const),
  { kind: 'resumed', detail: 'unpaused' },
  { kind: 'stopped', detail: 'crashed' },
  { kind: 'stopped', detail: 'migrated' },
  { kind: 'other', detail: '' },
  { kind: 'iteration', iteration: 2 },
  { kind: 'completed', figures: { downtimeMs: 20 } },
];
const ERRORS: readonly Error[] = [broken, noJob, noPostCopy, lost, new DeadlineError('call', 1)];
const anyVm = fc.constantFrom(running, outgoing, paused, undefined);

interface Chance {
  readonly passMs: number;
  readonly which: number;
  readonly error: Error | undefined;
  readonly isStopping: boolean;
  readonly vm: VmInput | undefined;
  readonly claim: 'new' | 'known' | 'unstarted';
  readonly iteration: number;
  readonly remainingBytes: number;
  readonly hasJob: boolean;
  readonly besides: VmEvent | 'abort' | undefined;
}

function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const chance: fc.Arbitrary<Chance> = fc.record({
  passMs: fc.constantFrom(0, 250, 250, 10_000, 60_000),
  which: fc.nat(5),
  error: seldom(fc.constantFrom(...ERRORS)),
  isStopping: fc.integer({ min: 0, max: 99 }).map((drawn) => drawn === 0),
  vm: anyVm,
  claim: fc.constantFrom('new', 'new', 'known', 'unstarted'),
  iteration: fc.integer({ min: 0, max: 30 }),
  remainingBytes: fc.integer({ min: 0, max: 2 ** 34 }),
  hasJob: fc.boolean(),
  besides: seldom(fc.constantFrom(...EVENTS, 'abort' as const)),
});

/** What a good answer to the call looks like. */
// eslint-disable-next-line complexity -- one short arm for each call
function goodAnswer(call: Call, { vm, claim, iteration, remainingBytes, hasJob }: Chance): Seen {
  switch (call.kind) {
    case 'look':
      return { kind: 'looked', vm: running, record: undefined };
    case 'ask_limit':
      return { kind: 'limit_told', downtimeMs: OWN_DOWNTIME_MS };
    case 'listen':
      return { kind: 'listening' };
    case 'claim':
      return { kind: 'claimed', answer: { kind: claim }, before: claim === 'known' ? intent : undefined };
    case 'measure':
      return { kind: 'measured', dirtyBytesPerSecond: MIB };
    case 'set_first_downtime':
      return { kind: 'first_downtime_set' };
    case 'set_downtime':
      return { kind: 'downtime_set' };
    case 'restore_downtime':
      return { kind: 'downtime_restored' };
    case 'start':
      return { kind: 'copied' };
    case 'await_process_end':
      return { kind: 'process_ended' };
    case 'await_final_figures':
      return { kind: 'final_figures_overdue' };
    case 'rest':
      return { kind: 'rested' };
    case 'ask_figures': {
      const figures = { memoryIteration: iteration, memoryRemainingBytes: remainingBytes };
      return { kind: 'figures', figures: hasJob ? figures : undefined };
    }
    case 'switch_to_post_copy':
      return { kind: 'post_copy_begun' };
    case 'observe':
      return { kind: 'observed', vm };
    case 'abort':
      return { kind: 'aborted', asker: call.asker };
    case 'rest_before_abort':
      return { kind: 'abort_due', asker: call.asker };
  }
}

/** Calls of which one is under way in each state that has not ended: each has a deadline of the driver's. */
const AWAITED: Readonly<Record<Exclude<CopyState['kind'], 'connecting' | 'ended'>, readonly Call['kind'][]>> =
  {
    looking: ['look'],
    asking_limit: ['ask_limit'],
    listening: ['listen'],
    claiming: ['claim'],
    measuring: ['measure'],
    limiting: ['set_first_downtime'],
    copying: ['start'],
    attached: [
      'rest',
      'ask_figures',
      'set_downtime',
      'switch_to_post_copy',
      'observe',
      'abort',
      'rest_before_abort',
    ],
    arrived: ['await_final_figures'],
    restoring: ['restore_downtime'],
  };

function live(request: Partial<MigrateRequest>, chances: readonly Chance[]): Life {
  const life = new Life(request);
  life.see({ kind: 'connected' });
  let askers = 0;
  for (const drawn of chances) {
    const before = life.state;
    life.nowMs += drawn.passMs;
    if (drawn.besides === 'abort') life.see({ kind: 'abort_asked', asker: (askers += 1) });
    else if (drawn.besides !== undefined) life.see({ kind: 'event', event: drawn.besides });
    const call = life.waiting[drawn.which % Math.max(1, life.waiting.length)];
    if (call !== undefined) life.answer(call, drawn.error ?? goodAnswer(call, drawn), drawn.isStopping);
    check(before, life);
    checkCallers(life, askers);
  }
  return life;
}

function check(before: CopyState, { state, waiting }: Life): void {
  if (before.kind === 'ended' && state.kind === 'ended') {
    if (before.outcome !== state.outcome) throw new Error('the outcome has changed');
    return;
  }
  if (before.kind === 'ended') throw new Error(`it came back as ${state.kind}`);
  if (state.kind === 'ended' || state.kind === 'connecting') return;
  const awaited = AWAITED[state.kind];
  const kinds = waiting.map(({ kind }) => kind);
  if (!kinds.some((kind) => awaited.includes(kind))) throw new Error(`${state.kind} waits for nothing`);
}

/** Each caller is either answered, once, or has one call under way for it. */
function checkCallers({ acts, waiting }: Life, askers: number): void {
  const answered = acts.flatMap((act) => (act.kind === 'answer' ? [act.asker] : []));
  const open = waiting.flatMap((call) => ('asker' in call && call.asker !== 'watch' ? [call.asker] : []));
  const callers = [...answered, ...open].sort((a, b) => a - b);
  const expected = Array.from({ length: askers }, (_, index) => index + 1);
  if (callers.join() !== expected.join())
    throw new Error(`of ${askers} callers, ${answered.join()} are answered and ${open.join()} wait`);
}

t.test(
  'whatever is seen: started once, ended once, never without a wait, limits set back, callers answered',
  (t) => {
    const seed = Date.now();
    t.comment(`seed ${seed}`);
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.record({
          postCopy: fc.boolean(),
          commitMode: fc.constantFrom('COMMIT_MODE_PAUSED', 'COMMIT_MODE_LOCK'),
          bandwidthBytesPerSecond: fc.constantFrom(MIB, 64 * MIB),
          timeoutMs: fc.constantFrom(1_000, 600_000),
        }),
        fc.array(chance, { minLength: 1, maxLength: 60 }),
        (request, chances) => {
          const life = live(request, chances);
          seen.add(life.result);
          const calls = life.acts.flatMap((act) => (act.kind === 'call' ? [textOf(act.call)] : []));
          const starts = calls.filter((call) => call.startsWith('start'));
          const isOnce = starts.length <= 1 || starts.join() === 'start post-copy,start';
          if (!isOnce) throw new Error(`started as ${starts.join()}`);
          if (isOwedALimit(life, calls)) throw new Error('the guest stays without its own limit');
        },
      ),
      { seed, numRuns: 2_000 },
    );
    for (const result of [
      'ok',
      'timeout',
      'user_abort',
      'UNAVAILABLE',
      'fenced_epoch',
      'src_daemon_lost, lost',
    ])
      t.ok(seen.has(result), `some life ended as ${result}`);
    t.end();
  },
);

/** libvirt said how the copy that was begun here ended, and the guest is still here. */
function isOwedALimit({ state }: Life, calls: readonly string[]): boolean {
  if (state.kind !== 'ended' || state.outcome instanceof EvenkeelError || state.outcome.ok === true)
    return false;
  const isLimited = calls.some((call) => call.startsWith('set_first_downtime'));
  return isLimited && !calls.includes(`restore_downtime ${OWN_DOWNTIME_MS}`);
}
