// Builds the parts of the scheduler once NATS is up, for the API and the daemon, and runs them while it leads.
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { NatsConnection } from 'nats';
import { Bell } from '../shared/bell.ts';
import { pause, relayAbort, type Clock } from '../shared/clock.ts';
import type { Logger } from '../shared/log.ts';
import {
  DECISIONS_BUCKET,
  ensureStreams,
  HISTORY_BUCKET,
  LEASES_BUCKET,
  MIGRATIONS_BUCKET,
} from '../shared/nats.ts';
import { decisionCodec, migrationCodec } from '../shared/proto/load.ts';
import { HOUR_MS, MIB, MINUTE_MS, SECOND_MS } from '../shared/units.ts';
import { Agents } from './cluster/agents.ts';
import {
  emptyView,
  foldReport,
  forgetOld,
  noteRefusal,
  settleHost,
  type ClusterView,
} from './cluster/view.ts';
import {
  detectionOf,
  policyOf,
  proposalTimesOf,
  rulesOf,
  runnerSettingsOf,
  viewLimitsOf,
  type SchedulerSettings,
} from './config.ts';
import { openControl, type Control } from './people/open.ts';
import { DecisionLog } from './decisions/log.ts';
import { DecisionBook, DECISIONS_MAX } from './decisions/book.ts';
import { Events } from './decisions/events.ts';
import { KEEP_HISTORY_MS, keepHistory, readHistory, type HistoryParts } from './cluster/history-keeper.ts';
import { Following } from './store/following.ts';
import { openStore, type KvParts } from './store/kv.ts';
import { Lease, LEASE_TIMEOUT_MS, type Leader } from './leader/lease.ts';
import { IdentityLog } from './cluster/identity-log.ts';
import { livePlanning } from './loop/planning.ts';
import { Loop } from './loop/loop.ts';
import { Journal } from './migrations/journal.ts';
import { Runner, type RunnerParts } from './migrations/runner.ts';
import { slotLimits, type SlotLimits } from './migrations/slot-limits.ts';
import { Slots } from './migrations/slots.ts';
import { ledgerOf, type Ledger } from './restraint/ledger.ts';
import type { Planning } from './loop/planning.ts';
import type { Policy } from './planner/contract/policy.ts';
import { RecordRing } from './decisions/records.ts';
import { restraintOf } from './restraint/settings.ts';
import { followSamples } from './cluster/follow-reports.ts';
import { Shadow } from './loop/shadow.ts';
import { Shelf } from './store/shelf.ts';
import type { Store } from './store/store.ts';
import { Turn } from './loop/turn.ts';
import { viewKnowledge } from './cluster/view-knowledge.ts';

export interface Core extends Control {
  readonly view: ClusterView;
  readonly agents: Agents;
  readonly runner: Runner;
  readonly decisions: DecisionBook;
  readonly records: RecordRing;
  readonly planning: Planning;
  /** What past and running migrations forbid now. */
  readonly ledger: () => Ledger;
  readonly loop: Loop;
  readonly lease: Lease;
  readonly policy: Policy;
  /** Says whether all that is kept in NATS is up to date here. */
  readonly following: Following;
  /** For whoever watches: rung by each report, step, progress and decision, and by what people say. */
  readonly watchBell: Bell;
  /** Wakes the control loop: rung by what the next plan depends on, reports and operators. */
  readonly planBell: Bell;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
  stop(): Promise<void>;
}

export interface CoreContext {
  readonly nats: NatsConnection;
  readonly settings: SchedulerSettings;
  /** Name and address under which clients reach this scheduler. */
  readonly self: Leader;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly logger: Logger;
  /** More work that only the leader does; it ends with the signal. */
  readonly whileLeading: (signal: AbortSignal) => Promise<void>;
}

// Long enough to answer "when did this VM move last month", short enough that the bucket stays small.
const KEEP_MIGRATIONS_MS = 30 * 24 * HOUR_MS;
// Hosts are forgotten after hours, so a sweep each minute is enough.
const SWEEP_EVERY_MS = MINUTE_MS;
// Each migration, under way or queued, has a few listeners on the signal of the term; node warns from 11 on.
const LISTENERS_MAX = 1_000;
// With no reports at all there is nothing to catch up with; recovery must not wait for one.
const WARM_UP_MAX_MS = 10 * SECOND_MS;

/** Opens streams and buckets, reads back the last minutes, and leads when no other does. Throws when NATS cannot serve. */
export async function startCore(context: CoreContext): Promise<Core> {
  const stopping = new AbortController();
  const { signal } = stopping;
  try {
    const parts = await openParts(context, signal);
    const { warm, following } = followReports(parts, context, signal);
    const tasks = [following, parts.lease.run((term) => lead(parts, context, warm, term), signal)];
    return {
      ...parts,
      clock: context.clock,
      logger: context.logger,
      stop: async () => {
        stopping.abort(new Error('the scheduler is stopping'));
        await Promise.allSettled(tasks);
        parts.agents.close();
      },
    };
  } catch (error) {
    stopping.abort(error);
    throw error;
  }
}

type Parts = Omit<Core, 'stop' | 'clock' | 'logger'> & { readonly kept: HistoryParts };

async function openParts(
  { nats, settings, self, clock, random, logger }: CoreContext,
  signal: AbortSignal,
): Promise<Parts> {
  const policy = policyOf(settings);
  await ensureStreams(await nats.jetstreamManager(), {
    samplesMaxBytes: settings.streams.samplesMaxMib * MIB,
    eventsMaxBytes: settings.streams.eventsMaxMib * MIB,
  });
  const following = new Following(clock, logger);
  const kv = { nats, following, clock, random };
  const view = emptyView();
  const watchBell = new Bell(clock);
  const planBell = new Bell(clock);
  const agents = new Agents(settings.tls, view);
  const events = new Events(nats, logger);
  const store = await openStore(kv, MIGRATIONS_BUCKET, KEEP_MIGRATIONS_MS);
  const journal = await Journal.open({ store, codec: migrationCodec, clock }, signal);
  const decisions = await openDecisions(kv, events, signal);
  const records = await RecordRing.open(nats, logger);
  const onTold = (): void => {
    watchBell.ring();
    planBell.ring();
  };
  const control = await openControl(
    kv,
    {
      mode: settings.mode,
      rules: rulesOf(settings),
      proposalTimes: proposalTimesOf(settings),
      newId: randomUUID,
      onTold,
      logger,
    },
    signal,
  );
  const runner = runnerOf(
    { agents, journal, watchBell, clock, random, logger, events },
    store,
    view,
    settings,
  );
  const restraint = restraintOf(settings.restraint);
  const ledger = (): Ledger => ledgerOf(runner.list(), clock.nowMs(), restraint);
  const pages = await openStore(kv, HISTORY_BUCKET, KEEP_HISTORY_MS);
  const history = await readHistory(pages);
  const planning = livePlanning({ ...control, view, ledger, history, clock }, settings);
  const { proposals } = control;
  const log = new DecisionLog({ decisions, records, newId: randomUUID, logger });
  const slots = (hosts: number): SlotLimits => slotLimits(runnerSettingsOf(settings), hosts);
  const shadow = new Shadow({ planning, events, newId: randomUUID, logger });
  const turn = new Turn({ planning, runner, proposals, log, shadow, slots, watchBell, clock, logger });
  const loop = new Loop({ turn, records, following, planBell, clock, random, logger });
  const leases = await openStore(kv, LEASES_BUCKET, undefined, LEASE_TIMEOUT_MS);
  const lease = new Lease({ store: leases, clock, random, logger, self, holderId: randomUUID() });
  return {
    ...control,
    ...{ view, agents, runner, decisions, records, planning, ledger, loop, lease, policy },
    ...{ following, watchBell, planBell, newId: randomUUID },
    kept: { history, view, store: pages, clock, logger },
  };
}

function runnerOf(
  {
    events,
    ...parts
  }: Pick<RunnerParts, 'agents' | 'journal' | 'watchBell' | 'clock' | 'random' | 'logger'> & {
    readonly events: Events;
  },
  store: Store,
  view: ClusterView,
  settings: SchedulerSettings,
): Runner {
  return new Runner(
    {
      ...parts,
      slots: new Slots(store),
      knowledge: viewKnowledge(view, policyOf(settings), detectionOf(settings)),
      tell: (migration, nowMs) => {
        events.migration(migration, nowMs);
      },
      newId: randomUUID,
      onTerm: (term) => {
        setMaxListeners(LISTENERS_MAX, term);
      },
    },
    runnerSettingsOf(settings),
  );
}

async function openDecisions(kv: KvParts, events: Events, signal: AbortSignal): Promise<DecisionBook> {
  const store = await openStore(kv, DECISIONS_BUCKET, undefined);
  const options = { store, prefix: 'ring', what: 'decision', codec: decisionCodec };
  return new DecisionBook(await Shelf.open({ ...options, entriesMax: DECISIONS_MAX }, signal), events);
}

/** Folds reports into the view even when another scheduler leads, so that this one can take over at once. */
function followReports(
  { view, agents, watchBell, planBell, kept: { history } }: Parts,
  { nats, settings, clock, random, logger }: CoreContext,
  signal: AbortSignal,
): { warm: Promise<void>; following: Promise<void> } {
  const limits = viewLimitsOf(settings);
  const detection = detectionOf(settings);
  let markWarm: () => void = () => undefined;
  const caughtUp = new Promise<void>((resolve) => {
    markWarm = resolve;
  });
  const identities = new IdentityLog(view, logger);
  let sweptAtMs = clock.monotonicMs();
  const following = followSamples(
    { nats, clock, random, logger },
    clock.nowMs() - settings.view.warmStartMinutes * MINUTE_MS,
    {
      onReport: (report, storedAtMs) => {
        if (!foldReport(view, report, storedAtMs, detection, limits)) return;
        identities.note(report);
        history.add(report);
        if (clock.monotonicMs() - sweptAtMs >= SWEEP_EVERY_MS) {
          sweptAtMs = clock.monotonicMs();
          forgetOld(view, clock.nowMs(), limits);
          history.keepOnly((uuid) => view.vms.has(uuid));
          agents.sweep();
        }
        watchBell.ring();
        planBell.ring();
      },
      onRefused: (hostId, reason, storedAtMs) => {
        noteRefusal(view, hostId, reason, storedAtMs);
        watchBell.ring();
      },
      onCaughtUp: markWarm,
    },
    signal,
  );
  const late = pause(clock, WARM_UP_MAX_MS, signal).then(() => undefined);
  return { warm: Promise.race([caughtUp, late]), following };
}

/** Leads until the signal aborts: resumes migrations under way, plans, writes metrics. */
async function lead(
  { view, runner, loop, watchBell, kept }: Parts,
  { self, settings, logger, whileLeading }: CoreContext,
  warm: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await warm;
  logger.info({ hosts: view.hosts.size, vms: view.vms.size }, 'read back the samples of the last minutes');
  for (const { state, sourceHostId, targetHostId, endedAtMs } of runner.list())
    if (state === 'MIGRATION_STATE_SUCCEEDED')
      for (const hostId of [sourceHostId, targetHostId])
        settleHost(view, hostId, endedAtMs, detectionOf(settings));
  const sideWork = new AbortController();
  const endRelay = relayAbort(signal, sideWork);
  const work = Promise.all([whileLeading(sideWork.signal), keepHistory(kept, sideWork.signal)]);
  try {
    await runner.lead(self.name, signal);
    watchBell.ring();
    await loop.run(signal);
  } finally {
    // Also when leading failed early, in which case the signal does not abort.
    sideWork.abort(signal.reason);
    endRelay();
    await runner.stop();
    await work;
  }
}
