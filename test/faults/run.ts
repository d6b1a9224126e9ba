// Runs one case: sets the scene, strikes at the moment, waits for the end, and collects every violation.
import { readdir } from 'node:fs/promises';
import { poolFolder } from '../../lab/paths.ts';
import type { HostName } from '../../lab/topology.ts';
import type { TickWatch } from '../../lab/image/guest.ts';
import { causeWord } from '../../shared/cause-word.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { isForOperator } from '../../scheduler/migrations/machine.ts';
import { seconds, sleep, until, type Cluster } from '../e2e/cluster.ts';
import { caseName, type FaultCase } from './cases/case.ts';
import { expectedCommit, type CaseMode } from './cases/mode.ts';
import {
  checkDisk,
  checkHome,
  checkIntents,
  checkLimits,
  checkPorts,
  checkRecord,
  checkView,
} from './checks.ts';
import { keepEvidence } from './evidence.ts';
import { readyGuest, type Home } from './guests.ts';
import { healAll } from './parts.ts';
import { hostsWithQemu, Sampler } from './sampler.ts';
import { Stage, stateOf } from './stage.ts';

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly end: string;
  readonly cause: string;
  readonly outcome: string;
  /** "LOCK" or "PAUSED"; empty when it was never decided. */
  readonly commit: string;
  /** Longest silence of the guest from the order to the end. */
  readonly silenceMs: number;
  /** From the end of the fault to the migration's end; 0 when it had ended before. */
  readonly endedAfterMs: number;
  readonly looks: number;
  readonly violations: readonly string[];
}

export type Say = (text: string) => void;

const endsWithinDefaultMs = 90_000;
/** A guest that was heard this often since the end is running. */
const ticksAfter = 15;
const pair: readonly [HostName, HostName] = ['kvm1', 'kvm2'];

export async function runCase(
  cluster: Cluster,
  fault: FaultCase,
  mode: CaseMode,
  say: Say,
): Promise<CaseResult> {
  const name = caseName(fault, mode);
  say(`${name}: ${fault.title}`);
  const violations: string[] = [];
  const startedAtMs = Date.now();
  let watch: TickWatch | undefined;
  let told: Told = {
    commit: '',
    end: 'none',
    cause: '',
    outcome: '',
    silenceMs: 0,
    endedAfterMs: 0,
    looks: 0,
    isGone: false,
  };
  try {
    await healAll();
    const home = await readyGuest(cluster, mode);
    watch = await home.guest.watch();
    const stage = await sceneOf(cluster, home, watch, (text) => {
      say(`  ${text}`);
    });
    told = await play(stage, fault, mode, violations);
  } catch (error) {
    violations.push(`not carried out: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    watch?.close();
    await healAll();
  }
  for (const violation of violations) say(`  VIOLATION ${violation}`);
  if (violations.length > 0) say(`  logs: ${await keepEvidence(name, startedAtMs)}`);
  // What a broken case leaves behind must not affect the next.
  if (violations.length > 0 || told.isGone) {
    await cluster.removeVms();
    await dismissUnknown(cluster);
  }
  say(`  ${told.end} ${told.cause}: ${told.outcome} [silent ${told.silenceMs} ms]`);
  const { end, cause, outcome, commit, silenceMs, endedAfterMs, looks } = told;
  return {
    name,
    title: fault.title,
    end,
    cause,
    outcome,
    commit,
    silenceMs,
    endedAfterMs,
    looks,
    violations,
  };
}

/** A migration that waits for an operator would hold its hosts' intents for ever: its VM is gone, and no operator comes. */
async function dismissUnknown(cluster: Cluster): Promise<void> {
  const waiting = (await cluster.migrations()).filter(({ state }) => isForOperator(state));
  for (const { migrationId } of waiting) await cluster.evenkeel('abort', migrationId);
}

type Told = Omit<CaseResult, 'name' | 'title' | 'violations'> & { readonly isGone: boolean };

async function sceneOf(cluster: Cluster, { guest, host }: Home, watch: TickWatch, say: Say): Promise<Stage> {
  const source = host;
  const target = source === pair[0] ? pair[1] : pair[0];
  watch.restart();
  return new Stage({ cluster, guest, source, target, watch }, await cluster.migrations(), say);
}

async function play(stage: Stage, fault: FaultCase, mode: CaseMode, violations: string[]): Promise<Told> {
  const files = await poolFiles();
  const sampler = new Sampler(stage.guest.name);
  sampler.start();
  let report;
  let home: HostName | undefined;
  let ended: { migration: Migration | undefined; afterMs: number };
  try {
    await strikeAt(stage, fault);
    await healAll();
    ended = await awaitEnd(stage, fault);
    home = await homeOf(stage, fault, ended.migration);
    await resumeLife(stage, fault, home);
  } finally {
    report = await sampler.stop();
  }
  const { migration } = ended;
  for (const ran of report.ranTwice) violations.push(`I1: ${ran}`);
  violations.push(...judgeEnd(fault, mode, migration, (await stage.migrations()).length));
  if (home !== undefined && report.longestAbsenceMs > 1_000)
    violations.push(`I2: no QEMU of the guest for ${report.longestAbsenceMs} ms`);
  violations.push(...(await checkHome(stage.guest, home)), ...(await checkPorts()));
  violations.push(...(await checkIntents(stage.guest)));
  violations.push(...(await checkView(stage.cluster, stage.guest, home)));
  if (home !== undefined) violations.push(...(await checkGuest(stage, fault, mode, home)));
  const left = (await poolFiles()).filter((file) => !files.includes(file));
  if (left.length > 0) violations.push(`leak: new files in the pool: ${left.join(', ')}`);
  return {
    end: migration === undefined ? 'refused' : stateOf(migration),
    cause: migration === undefined ? '' : causeWord(migration.causeCode),
    outcome: migration?.outcome ?? '',
    commit: commitOf(migration),
    silenceMs: stage.watch.record().longestSilenceMs,
    endedAfterMs: ended.afterMs,
    looks: report.looks,
    isGone: home === undefined,
  };
}

/** Brings the migration to the case's moment, lets the case strike, and releases a held copy. */
async function strikeAt(stage: Stage, fault: FaultCase): Promise<void> {
  if (fault.at === 'before') return fault.strike(stage);
  const { status, text } = await stage.order();
  if (status !== 0) throw new Error(`the migration was refused: ${text}`);
  switch (fault.at) {
    case 'ordered':
      return fault.strike(stage);
    case 'copying':
      await stage.holdCopy();
      await fault.strike(stage);
      return stage.releaseCopy();
    case 'finish':
      await stage.holdCopy();
      await stage.holdFinish();
      return fault.strike(stage);
    case 'done':
      await awaitEnd(stage, fault);
      return fault.strike(stage);
  }
}

/** The migration in its terminal state; undefined when none was expected and there is none. */
async function awaitEnd(
  stage: Stage,
  fault: FaultCase,
): Promise<{ migration: Migration | undefined; afterMs: number }> {
  const startedMs = performance.now();
  if (fault.ends.length === 0) return { migration: (await stage.migrations())[0], afterMs: 0 };
  const [migration] = await until(
    'the migration has ended',
    fault.endsWithinMs ?? endsWithinDefaultMs,
    // The scheduler does not answer while it starts.
    () => stage.migrations().catch(() => []),
    ([seen]) => seen !== undefined && (seen.endedAtMs > 0 || fault.ends.some((end) => end === stateOf(seen))),
  );
  return { migration, afterMs: Math.round(performance.now() - startedMs) };
}

/** Waits until the guest is heard again, so that the sampler sees which copy runs. */
async function resumeLife(stage: Stage, fault: FaultCase, home: HostName | undefined): Promise<void> {
  if (home === undefined || fault.restartsGuest === true) return sleep(2_000);
  const before = stage.watch.record().count;
  await until(
    'the guest ticks on',
    30_000,
    () => Promise.resolve(stage.watch.record()),
    ({ count, ended }) => ended !== undefined || count > before + ticksAfter,
  );
}

function judgeEnd(
  fault: FaultCase,
  mode: CaseMode,
  migration: Migration | undefined,
  count: number,
): string[] {
  if (migration === undefined) return fault.ends.length === 0 ? [] : ['I7: there is no migration'];
  const violations = checkRecord(migration);
  const end = stateOf(migration);
  const { outcome } = migration;
  const cause = causeWord(migration.causeCode);
  if (!fault.ends.some((allowed) => allowed === end))
    violations.push(
      `ended as ${end} (${cause}: ${outcome}), expected ${fault.ends.join(' or ') || 'a refusal'}`,
    );
  if (end !== 'SUCCEEDED' && fault.causes !== undefined && !fault.causes.includes(cause))
    violations.push(`cause ${cause} (${outcome}), expected ${fault.causes.join(' or ')}`);
  const commit = commitOf(migration);
  // Where the target was broken on purpose, its lock may not be provable.
  if (fault.at !== 'before' && commit !== '' && commit !== expectedCommit(mode))
    violations.push(`I18: committed by ${commit}, expected ${expectedCommit(mode)}`);
  if (count > (fault.orders ?? 1)) violations.push(`I4: ${count} migrations, more than were ordered`);
  return violations;
}

function commitOf(migration: Migration | undefined): string {
  const word = (migration?.commitMode ?? '').replace('COMMIT_MODE_', '');
  return word === 'UNSPECIFIED' ? '' : word;
}

/** The host where the guest must be; undefined for nowhere. */
async function homeOf(
  { source, target, guest }: Stage,
  fault: FaultCase,
  migration: Migration | undefined,
): Promise<HostName | undefined> {
  const hasSucceeded = migration !== undefined && stateOf(migration) === 'SUCCEEDED';
  switch (fault.home) {
    case 'source':
      return source;
    case 'target':
      return target;
    case 'told':
      return hasSucceeded ? target : source;
    case 'alive or gone':
      return hasSucceeded ? target : undefined;
    case 'at most one':
      return (await hostsWithQemu(guest.name))[0];
    case 'gone':
      return undefined;
  }
}

async function checkGuest(
  { guest, watch }: Stage,
  fault: FaultCase,
  mode: CaseMode,
  home: HostName,
): Promise<string[]> {
  const violations = await checkLimits(guest, home);
  if (fault.restartsGuest === true) return violations;
  const { missing, ended, longestSilenceMs } = watch.record();
  if (ended !== undefined) violations.push(`the connection to the guest ended: ${ended}`);
  if (missing > 0) violations.push(`${missing} numbers of the guest's counter never came`);
  if (fault.silenceMaxMs !== undefined && longestSilenceMs > fault.silenceMaxMs)
    violations.push(`silent for ${seconds(longestSilenceMs)}, at most ${seconds(fault.silenceMaxMs)}`);
  if (mode === 'lock') violations.push(...(await checkDisk(guest, home)));
  return violations;
}

async function poolFiles(): Promise<string[]> {
  return readdir(poolFolder);
}
