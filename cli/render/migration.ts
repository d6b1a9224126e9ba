// Renders migrations: the list, the progress line of one, and the sentence at its end.
import type { Migration, MigrationProgress, MigrationState } from '../../shared/gen/telemetry.ts';
import { bar, byteRate, bytes, duration, percent, roughDuration, shortId, time } from './format.ts';
import { table } from './table.ts';
import { arrow, nothing, paint, plain, widthOf, wrap, type Style, type View } from './view.ts';
import { word, words } from './words.ts';

/** The states that are shown alike. */
type Stage = 'under way' | 'succeeded' | 'failed' | 'aborted' | 'needs an operator';

const STAGES: Readonly<Record<MigrationState, Stage>> = {
  MIGRATION_STATE_UNSPECIFIED: 'under way',
  MIGRATION_STATE_QUEUED: 'under way',
  MIGRATION_STATE_ADMITTED: 'under way',
  MIGRATION_STATE_CHECKING: 'under way',
  MIGRATION_STATE_INTENT: 'under way',
  MIGRATION_STATE_PREPARING: 'under way',
  MIGRATION_STATE_COPYING: 'under way',
  MIGRATION_STATE_ABORTING: 'under way',
  MIGRATION_STATE_SWITCHING: 'under way',
  MIGRATION_STATE_VERIFYING: 'under way',
  MIGRATION_STATE_CLEANUP: 'under way',
  MIGRATION_STATE_SUCCEEDED: 'succeeded',
  MIGRATION_STATE_FAILED: 'failed',
  MIGRATION_STATE_ABORTED: 'aborted',
  MIGRATION_STATE_CRASHED: 'failed',
  MIGRATION_STATE_UNKNOWN: 'needs an operator',
  MIGRATION_STATE_SPLIT: 'needs an operator',
};

function stageOf({ state }: Migration): Stage {
  return STAGES[state];
}

/** True when there is nothing more to wait for: the migration has ended, or an operator has to settle it. */
export function isEnded(migration: Migration): boolean {
  return stageOf(migration) !== 'under way';
}

/** One migration a line. The id stays whole on any terminal: `evenkeel abort` takes it. */
export function migrationTable(view: View, migrations: readonly Migration[]): string {
  return table(
    view,
    [
      { title: 'QUEUED', rank: 2, text: ({ queuedAtMs }) => time(view, queuedAtMs) },
      { title: 'ID', text: ({ migrationId }) => plain(shortId(migrationId)) },
      { title: 'VM', shrinkTo: 10, text: ({ vmName }) => plain(vmName), style: () => 'bold' },
      { title: `FROM ${arrow(view)} TO`, shrinkTo: 10, text: (migration) => route(view, migration) },
      { title: 'STATE', text: (migration) => stateText(view, migration), style: stateStyle },
      { title: 'TOOK', align: 'right', rank: 3, text: (migration) => tookText(view, migration) },
      { title: 'DOWNTIME', align: 'right', rank: 4, text: (migration) => downtimeText(view, migration) },
      { title: 'OUTCOME', rank: 1, shrinkTo: 16, text: (migration) => plain(causeText(migration)) },
    ],
    migrations,
  );
}

/** "copying 63%". */
function stateText(view: View, { state, progress }: Migration): string {
  const done = doneRatio(progress);
  return state === 'MIGRATION_STATE_COPYING' && done !== undefined
    ? `${words(state)} ${percent(view, done)}`
    : words(state);
}

function downtimeText(view: View, { state, progress }: Migration): string {
  return state !== 'MIGRATION_STATE_SUCCEEDED' || progress?.downtimeMs === undefined
    ? nothing(view)
    : duration(progress.downtimeMs);
}

function causeText({ causeCode, outcome }: Migration): string {
  return [word(causeCode), outcome].filter((text) => text !== '').join(': ');
}

function route(view: View, { sourceHostName, targetHostName }: Migration): string {
  return `${plain(sourceHostName)} ${arrow(view)} ${plain(targetHostName)}`;
}

function stateStyle(migration: Migration): Style {
  switch (stageOf(migration)) {
    case 'succeeded':
      return 'green';
    case 'failed':
    case 'needs an operator':
      return 'red';
    case 'aborted':
      return 'yellow';
    case 'under way':
      return 'cyan';
  }
}

/** Share of the guest's memory that is on the target; falls while the guest writes faster than memory is copied. */
function doneRatio(progress: MigrationProgress | null): number | undefined {
  if (progress === null || progress.memoryTotalBytes <= 0) return undefined;
  return Math.min(1, Math.max(0, 1 - progress.memoryRemainingBytes / progress.memoryTotalBytes));
}

function tookMs(view: View, { queuedAtMs, startedAtMs, endedAtMs }: Migration): number {
  return (endedAtMs || view.nowMs) - (startedAtMs || queuedAtMs || view.nowMs);
}

function tookText(view: View, migration: Migration): string {
  return migration.startedAtMs === 0 ? nothing(view) : duration(tookMs(view, migration));
}

/** "web1 kvm1 → kvm2": the beginning of every line about a migration. */
function migrationTitle(view: View, migration: Migration): string {
  const vm = plain(migration.vmName || migration.vmUuid);
  return `${paint(view, 'bold', vm)} ${route(view, migration)}`;
}

/**
 * Progress in one line that fits: bar, percent, rate, remaining, iteration, dirty rate, time.
 * Parts that do not fit are left out; a file gets no bar.
 */
export function progressLine(view: View, migration: Migration): string {
  const { progress } = migration;
  if (migration.state !== 'MIGRATION_STATE_COPYING' || progress === null)
    return `${migrationTitle(view, migration)} ${paint(view, stateStyle(migration), words(migration.state))}`;
  let line = migrationTitle(view, migration);
  const ratio = doneRatio(progress);
  const parts = [
    Number.isFinite(view.width)
      ? `${bar(view, ratio, view.width >= 120 ? 24 : 8)} ${percent(view, ratio)}`
      : percent(view, ratio),
    byteRate(view, progress.memoryBytesPerSecond),
    `${bytes(view, progress.memoryRemainingBytes)} left`,
    ...(progress.iteration > 0 ? [`pass ${progress.iteration}`] : []),
    `dirty ${byteRate(view, progress.dirtyBytesPerSecond)}`,
    roughDuration(progress.elapsedMs),
  ];
  for (const part of parts) {
    // One column stays free: a full last column makes some terminals wrap.
    if (widthOf(line) + 2 + widthOf(part) < view.width) line += `  ${part}`;
  }
  return line;
}

/** The outcome, in one or two lines. */
export function migrationResult(view: View, migration: Migration): string {
  const vm = plain(migration.vmName || migration.vmUuid);
  const { sourceHostName: source, targetHostName: target, progress } = migration;
  const why = plain(causeText(migration)) || 'no cause given';
  switch (stageOf(migration)) {
    case 'succeeded': {
      const pause =
        progress?.downtimeMs === undefined ? '' : `; the guest paused for ${duration(progress.downtimeMs)}`;
      return paint(
        view,
        'green',
        `${vm} moved from ${plain(source)} to ${plain(target)} in ${duration(tookMs(view, migration))}${pause}.`,
      );
    }
    case 'failed':
      return migration.state === 'MIGRATION_STATE_CRASHED'
        ? wrap(view, `${vm} stopped during the migration and runs nowhere now: ${why}`, 0)
        : wrap(view, `${vm} did not move and stays on ${plain(source)}: ${why}`, 0);
    case 'aborted':
      return wrap(view, `The migration of ${vm} was aborted; it stays on ${plain(source)}: ${why}`, 0);
    case 'needs an operator':
      return migration.state === 'MIGRATION_STATE_SPLIT'
        ? wrap(
            view,
            `${vm} ran on BOTH ${plain(source)} and ${plain(target)}: ${why}. Nothing was destroyed; decide which copy to keep before you do anything else.`,
            0,
          )
        : wrap(
            view,
            `It is unknown where ${vm} runs: ${why}. Check both ${plain(source)} and ${plain(target)} before you do anything else: virsh -c qemu:///system domstate ${vm}`,
            0,
          );
    case 'under way':
      return `${vm} is moving from ${plain(source)} to ${plain(target)} (${words(migration.state)}).`;
  }
}
