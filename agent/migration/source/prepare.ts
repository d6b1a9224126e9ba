// Takes a migration on its source from the first look at the VM to the start of the copy. Pure.
import type { VmInput } from '../../../shared/gen/agent.ts';
import { SECOND_MS } from '../../../shared/units.ts';
import {
  fencedText,
  ruleStart,
  type Intent,
  type SourceIntent,
  type StartAnswer,
  type VmRecord,
} from '../promises/claims.ts';
import { fail, refuse, restore } from './endings.ts';
import { limitsOf, previousOf, startRefusal } from './order.ts';
import {
  call,
  log,
  REPORT,
  step,
  type Act,
  type Claiming,
  type Facts,
  type Limiting,
  type Listening,
  type Measuring,
  type Step,
} from './states.ts';

// The dirty rate is measured before the start only where that second is at most a twentieth of the copy; a smaller
// guest's rate is known after the first pass, and its estimate does without.
const MEASURE_FROM_COPY_MS = 20 * SECOND_MS;

export function afterLook(facts: Facts, vm: VmInput | undefined, record: VmRecord | undefined): Step {
  const { request } = facts;
  const isNew = ruleStart(record, request, intentOf(facts, 0)).answer.kind === 'new';
  const refusal = isNew ? startRefusal(request, vm) : undefined;
  if (refusal !== undefined) return refuse(facts, refusal);
  const memoryBytes = vm?.memoryMaxBytes ?? 0;
  // An earlier migration, of whose end this host was not told, may have changed the limit; its intent has the guest's own.
  const kept = previousOf(record?.intent);
  return isNew && kept === 0
    ? step({ kind: 'asking_limit', facts, memoryBytes }, call({ kind: 'ask_limit' }))
    : listen(facts, memoryBytes, kept);
}

/** Listens before it claims: a failure up to here has begun nothing, and the order may be repeated. */
export function listen(facts: Facts, memoryBytes: number, previousDowntimeMs: number): Step {
  return step({ kind: 'listening', facts, memoryBytes, previousDowntimeMs }, call({ kind: 'listen' }));
}

export function claim(state: Listening): Step {
  const intent = intentOf(state.facts, state.previousDowntimeMs);
  return step({ ...state, kind: 'claiming' }, call({ kind: 'claim', intent }));
}

function intentOf({ request }: Facts, previousDowntimeMs: number): SourceIntent {
  return { role: 'source', order: limitsOf(request), previousDowntimeMs };
}

export function afterClaim(state: Claiming, answer: StartAnswer, before: Intent | undefined): Step {
  const { request } = state.facts;
  // A fenced order is not kept: a later scheduler may attach under the same id.
  const facts = { ...state.facts, isClaimed: answer.kind !== 'fenced' };
  switch (answer.kind) {
    case 'fenced':
      return fail(facts, 'MIGRATION_CAUSE_FENCED_EPOCH', fencedText(request, answer.seen));
    case 'unstarted':
      return fail(
        facts,
        'MIGRATION_CAUSE_FENCED_EPOCH',
        `migration ${request.migrationId} was observed or ended here before its order came; the VM stays where it is`,
      );
    case 'new':
      return measure(facts, state);
    case 'known': {
      const previousDowntimeMs = previousOf(before);
      return step(
        { kind: 'attached', facts, previousDowntimeMs, watch: { kind: 'asking' } },
        log('info', 'attached to a migration that was started earlier'),
        call({ kind: 'ask_figures' }),
      );
    }
  }
}

function measure(facts: Facts, { memoryBytes, previousDowntimeMs }: Claiming): Step {
  const copyMs = (memoryBytes / facts.request.bandwidthBytesPerSecond) * SECOND_MS;
  if (copyMs >= MEASURE_FROM_COPY_MS)
    return step({ kind: 'measuring', facts, previousDowntimeMs }, call({ kind: 'measure' }));
  return limit(
    facts,
    previousDowntimeMs,
    log('debug', 'dirty rate not measured: the copy is short', { copyMs }),
  );
}

export function afterMeasuring({ facts, previousDowntimeMs }: Measuring, rate: number | undefined): Step {
  if (rate === undefined) return limit(facts, previousDowntimeMs);
  const progress = { ...facts.progress, dirtyBytesPerSecond: rate };
  return limit({ ...facts, progress }, previousDowntimeMs, REPORT);
}

export function limit(facts: Facts, previousDowntimeMs: number, ...acts: readonly Act[]): Step {
  const { downtimeMs } = facts.converging;
  return step(
    { kind: 'limiting', facts, previousDowntimeMs },
    ...acts,
    call({ kind: 'set_first_downtime', downtimeMs }),
  );
}

export function afterLimiting({ facts, previousDowntimeMs }: Limiting): Step {
  const { abortedBy } = facts.sighting;
  if (abortedBy !== undefined) return restore(facts, previousDowntimeMs, { kind: 'unstarted', abortedBy });
  const { targetLibvirtUri, bandwidthBytesPerSecond, downtimeMaxMs, commitMode, postCopy } = facts.request;
  const order = { targetLibvirtUri, bandwidthBytesPerSecond, downtimeMaxMs, commitMode };
  return step(
    {
      kind: 'copying',
      facts,
      previousDowntimeMs,
      mayPostCopy: postCopy,
      isProcessAwaited: false,
      watch: { kind: 'resting' },
    },
    log('info', 'starting a migration', order),
    call({ kind: 'start', postCopy }),
    call({ kind: 'rest' }),
  );
}
