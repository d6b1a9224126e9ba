// What the scheduler consists of once NATS is there: the parts that the API and the daemon work with.
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from 'nats';
import { pause, type Clock } from '../shared/clock.ts';
import type { Logger } from '../shared/log.ts';
import { ensureStreams } from '../shared/nats.ts';
import { MIB, MINUTE_MS, SECOND_MS } from '../shared/units.ts';
import { Agents } from './agents.ts';
import { Changes } from './changes.ts';
import { emptyView, foldReport, settleHost, type ClusterView } from './cluster/view.ts';
import { coolDownsOf, policyOf, viewLimitsOf, type SchedulerSettings } from './config.ts';
import { DecisionBook } from './decisions.ts';
import { Events } from './events.ts';
import { Loop } from './loop.ts';
import { Journal } from './migrations/journal.ts';
import { Runner } from './migrations/runner.ts';
import { ModeControl } from './mode.ts';
import type { Policy } from './planner/policy.ts';
import { followSamples } from './samples.ts';

export interface Core {
  readonly view: ClusterView;
  readonly agents: Agents;
  readonly runner: Runner;
  readonly decisions: DecisionBook;
  readonly mode: ModeControl;
  readonly loop: Loop;
  readonly policy: Policy;
  /** Rung by each report, step, progress and decision. */
  readonly changes: Changes;
  readonly clock: Clock;
  readonly logger: Logger;
  stop(): Promise<void>;
}

export interface CoreContext {
  readonly nats: NatsConnection;
  readonly settings: SchedulerSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

// Without a single report there is nothing to catch up with; recovery must not wait for one.
const WARM_UP_MAX_MS = 10 * SECOND_MS;

/** Opens streams and buckets, reads back the last minutes, and begins to plan. Throws when NATS cannot serve it. */
export async function startCore({ nats, settings, clock, logger }: CoreContext): Promise<Core> {
  const stopping = new AbortController();
  const { signal } = stopping;
  try {
    const parts = await openParts({ nats, settings, clock, logger }, signal);
    const tasks = [followReports(parts, { nats, settings, clock, logger }, signal)];
    return {
      ...parts,
      clock,
      logger,
      stop: async () => {
        stopping.abort(new Error('the scheduler stops'));
        await parts.runner.stop();
        await Promise.allSettled(tasks);
        parts.agents.close();
      },
    };
  } catch (error) {
    stopping.abort(error);
    throw error;
  }
}

type Parts = Omit<Core, 'stop' | 'clock' | 'logger'> & { readonly reports: Changes };

async function openParts(
  { nats, settings, clock, logger }: CoreContext,
  signal: AbortSignal,
): Promise<Parts> {
  const policy = policyOf(settings);
  await ensureStreams(await nats.jetstreamManager(), {
    samplesMaxBytes: settings.streams.samplesMaxMib * MIB,
    eventsMaxBytes: settings.streams.eventsMaxMib * MIB,
  });
  const view = emptyView();
  const changes = new Changes(clock);
  const reports = new Changes(clock);
  const agents = new Agents(settings.tls, view);
  const events = new Events(nats, logger);
  const journal = await Journal.open(nats, logger, signal);
  const decisions = await DecisionBook.open(nats, events);
  const mode = await ModeControl.open(nats, settings.mode, logger, signal);
  mode.onChange = () => {
    changes.notify();
    reports.notify();
  };
  const runner = new Runner(
    { agents, journal, events, view, changes, clock, logger, newId: randomUUID },
    {
      bandwidthBytesPerSecond: policy.bandwidthBytesPerSecond,
      downtimeMaxMs: settings.migration.downtimeMaxMs,
    },
  );
  const loop = new Loop({
    ...{ view, runner, decisions, mode, agents, reports, changes, policy, clock, logger },
    ...{ coolDowns: coolDownsOf(settings), limits: viewLimitsOf(settings), newId: randomUUID },
  });
  return { view, agents, runner, decisions, mode, loop, policy, changes, reports };
}

/** Folds reports into the view; once warm, takes up what was under way and starts the loop. */
async function followReports(
  { view, runner, loop, policy, changes, reports }: Parts,
  { nats, settings, clock, logger }: CoreContext,
  signal: AbortSignal,
): Promise<void> {
  const limits = viewLimitsOf(settings);
  let markWarm: () => void = () => undefined;
  const warm = new Promise<void>((resolve) => {
    markWarm = resolve;
  });
  const following = followSamples(
    { nats, clock, logger },
    clock.nowMs() - settings.view.warmStartMinutes * MINUTE_MS,
    {
      onReport: (report, storedAtMs) => {
        if (!view.hosts.has(report.hostId)) logger.info({ host: report.hostName }, 'host joined');
        if (!foldReport(view, report, storedAtMs, policy, limits)) return;
        changes.notify();
        reports.notify();
      },
      onCaughtUp: markWarm,
    },
    signal,
  );
  await Promise.race([warm, pause(clock, WARM_UP_MAX_MS, signal)]);
  logger.info({ hosts: view.hosts.size, vms: view.vms.size }, 'samples of the last minutes are read');
  for (const { state, sourceHostId, targetHostId, endedAtMs } of runner.list())
    if (state === 'MIGRATION_STATE_SUCCEEDED')
      for (const hostId of [sourceHostId, targetHostId]) settleHost(view, hostId, endedAtMs);
  runner.recover();
  await Promise.all([following, loop.run(signal)]);
}
