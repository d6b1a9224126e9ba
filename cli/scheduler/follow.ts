// Orders a migration and follows it to its end, across broken streams, or until Ctrl-C.
import { Backoff } from '../../shared/backoff.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { Context } from '../context.ts';
import { CliFailure, EXIT, type FailureCode } from '../failure.ts';
import { toJson } from '../json.ts';
import { isEnded, migrationResult, progressLine } from '../render/migration.ts';
import { duration, shortId, time } from '../render/format.ts';
import { redrawLine, type Terminal } from '../terminal/terminal.ts';

export interface MigrationOrder {
  readonly vm: string;
  /** Empty lets the scheduler choose. */
  readonly targetHost: string;
  /** False returns as soon as the migration has an id. */
  readonly waits: boolean;
}

// A restarted scheduler is back within seconds; after two minutes an operator has to check it.
const SILENCE_MAX_MS = 120 * SECOND_MS;
const LOOK_AGAIN_MS = SECOND_MS;
const LOOK_AGAIN_MAX_MS = 5 * SECOND_MS;
// Enough to find it among the migrations that started while the connection was down.
const LOOK_LIMIT = 200;

/** Returns the migration as last seen, ended if `waits`. Throws INTERRUPTED on Ctrl-C, OUTCOME_UNKNOWN when it cannot be followed. */
export async function follow(context: Context, order: MigrationOrder): Promise<Migration> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    interrupt.abort();
  };
  process.once('SIGINT', onInterrupt);
  const display = progressDisplay(context);
  let last: Migration | undefined;
  const seen = (migration: Migration): void => {
    last = migration;
    if (!isEnded(migration)) display.update(migration);
  };
  try {
    const ordered = await orderAndWatch(context, order, seen, interrupt.signal);
    if (isEnded(ordered) || !order.waits) return ordered;
    display.say('lost the connection to the scheduler; the migration continues, reconnecting');
    return await lookUntilEnded(context, ordered, seen, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw interrupted(order, last);
  } finally {
    display.end();
    process.removeListener('SIGINT', onInterrupt);
  }
}

/** Returns the last state that the scheduler streamed; not an end state if the stream broke. */
async function orderAndWatch(
  { scheduler, givenTimeoutMs }: Context,
  { vm, targetHost, waits }: MigrationOrder,
  seen: (migration: Migration) => void,
  signal: AbortSignal,
): Promise<Migration> {
  const answers = scheduler.watch(
    {
      what: `migrate ${vm}`,
      method: ({ Migrate }) => Migrate,
      request: { vm, targetHost },
      look: 'evenkeel migrations',
    },
    signal,
    givenTimeoutMs,
  );
  let last: Migration | undefined;
  try {
    for await (const { migration } of answers) {
      if (migration === null) continue;
      last = migration;
      seen(last);
      if (!waits || isEnded(last)) return last;
    }
  } catch (error) {
    // Without an id there is nothing to look up; with one, only a lost answer is worth looking up.
    if (last === undefined || !isCode(error, 'OUTCOME_UNKNOWN')) throw error;
    if (givenTimeoutMs !== undefined) throw stillGoing(last, 'the --timeout has passed');
  }
  if (last !== undefined) return last;
  throw new CliFailure(
    'OUTCOME_UNKNOWN',
    EXIT.OUTCOME_UNKNOWN,
    `migrate ${vm}: the scheduler closed the stream without an answer; check with: evenkeel migrations`,
  );
}

function isCode(error: unknown, code: FailureCode): boolean {
  return error instanceof CliFailure && error.code === code;
}

async function lookUntilEnded(
  context: Context,
  migration: Migration,
  seen: (migration: Migration) => void,
  signal: AbortSignal,
): Promise<Migration> {
  let last = migration;
  let seenAtMs = systemClock.monotonicMs();
  // Polled each second while the scheduler answers; with backoff while it does not.
  const backoff = new Backoff({ firstMs: LOOK_AGAIN_MS, maxMs: LOOK_AGAIN_MAX_MS, random: Math.random });
  let waitMs = LOOK_AGAIN_MS;
  while (!isEnded(last)) {
    await systemClock.sleep(waitMs, signal);
    const found = await look(context, last.migrationId);
    const nowMs = systemClock.monotonicMs();
    waitMs = found === undefined ? backoff.nextMs() : LOOK_AGAIN_MS;
    if (found !== undefined) {
      backoff.reset();
      last = found;
      seenAtMs = nowMs;
      seen(last);
    } else if (nowMs - seenAtMs > SILENCE_MAX_MS)
      throw stillGoing(last, `the scheduler has not reported it for ${duration(SILENCE_MAX_MS)}`);
  }
  return last;
}

/** Returns the migration with that id; undefined while the scheduler is unreachable or does not know it yet. */
async function look({ scheduler, timeoutMs }: Context, id: string): Promise<Migration | undefined> {
  try {
    const { migrations } = await scheduler.call(
      {
        what: `look for migration ${id}`,
        method: ({ ListMigrations }) => ListMigrations,
        request: { limit: LOOK_LIMIT },
      },
      timeoutMs(),
    );
    return migrations.find(({ migrationId }) => migrationId === id);
  } catch (error) {
    if (isCode(error, 'UNREACHABLE')) return undefined;
    throw error;
  }
}

function handles({ migrationId }: Migration): string {
  return `see it with: evenkeel migrations --active; stop it with: evenkeel abort ${shortId(migrationId)}`;
}

function stillGoing(migration: Migration, why: string): CliFailure {
  return new CliFailure(
    'OUTCOME_UNKNOWN',
    EXIT.OUTCOME_UNKNOWN,
    `migrate ${migration.vmName}: ${why}; migration ${shortId(migration.migrationId)} continues; ${handles(migration)}`,
    { migration: toJson(migration) },
  );
}

function interrupted({ vm }: MigrationOrder, last: Migration | undefined): CliFailure {
  if (last === undefined)
    return new CliFailure(
      'OUTCOME_UNKNOWN',
      EXIT.OUTCOME_UNKNOWN,
      `migrate ${vm}: interrupted before the scheduler answered; it may have been accepted; check with: evenkeel migrations --active`,
    );
  return new CliFailure(
    'INTERRUPTED',
    EXIT.INTERRUPTED,
    `no longer watching; migration ${shortId(last.migrationId)} of ${last.vmName || vm} continues. To ${handles(last)}`,
    { migration: toJson(last) },
  );
}

/** The failure for a migration that did not succeed. */
export function migrationFailure({ terminal }: Context, migration: Migration): CliFailure {
  // Scripts and logs read errors, too: no colour, no wrapping.
  const message = migrationResult({ ...terminal.view(), colour: false, width: Infinity }, migration);
  const details = { migration: toJson(migration) };
  return migration.state === 'MIGRATION_STATE_UNKNOWN' || migration.state === 'MIGRATION_STATE_SPLIT'
    ? new CliFailure('OUTCOME_UNKNOWN', EXIT.OUTCOME_UNKNOWN, message, details)
    : new CliFailure('MIGRATION_FAILED', EXIT.FAILED, message, details);
}

interface Display {
  update(migration: Migration): void;
  say(text: string): void;
  end(): void;
}

function progressDisplay({ terminal, json }: Context): Display {
  if (json) return { update: () => undefined, say: () => undefined, end: () => undefined };
  return terminal.isInteractive ? oneLine(terminal) : plainLines(terminal);
}

/** Redraws one line in place. */
function oneLine(terminal: Terminal): Display {
  let isDrawn = false;
  return {
    update: (migration) => {
      terminal.write(redrawLine(progressLine(terminal.view(), migration)));
      isDrawn = true;
    },
    say: (text) => {
      terminal.write(`${redrawLine(text)}\n`);
      isDrawn = false;
    },
    end: () => {
      if (isDrawn) terminal.write(redrawLine(''));
    },
  };
}

// For logs: at most a line a second, but every change of state at once.
const LINE_EVERY_MS = SECOND_MS;

function plainLines(terminal: Terminal): Display {
  let writtenAtMs = -Infinity;
  let writtenState = '';
  const line = (text: string): void => {
    const view = terminal.view();
    terminal.write(`${time(view, view.nowMs)} ${text}\n`);
  };
  return {
    update: (migration) => {
      const nowMs = systemClock.monotonicMs();
      if (migration.state === writtenState && nowMs - writtenAtMs < LINE_EVERY_MS) return;
      writtenAtMs = nowMs;
      writtenState = migration.state;
      line(progressLine(terminal.view(), migration));
    },
    say: line,
    end: () => undefined,
  };
}
