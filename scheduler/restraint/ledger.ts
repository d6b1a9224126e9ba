// Sums up what past and running migrations forbid now: running moves, cool-downs, failed attempts, refused targets, budgets.
import type { Migration } from '../../shared/gen/telemetry.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import { isForOperator, isOver } from '../migrations/machine.ts';
import {
  closedUntilMs,
  isCopy,
  isRefusalOfTarget,
  isSomebodysFault,
  retryOf,
  type Retry,
} from './failures.ts';
import { budgetsLeft, type BudgetsLeft } from './budgets.ts';
import { coolDownOf, type CoolDown, type Restraint } from './cool-down.ts';

export interface Ledger {
  /** Migrations that hold their VM: those under way, and those that an operator must settle. */
  readonly active: readonly Migration[];
  /** Those of them that hold slots; one that waits for an operator holds its VM, and memory on its target, but no slot. */
  readonly underWay: readonly Migration[];
  readonly activeByVm: ReadonlyMap<string, Migration>;
  /** Migrations under way out of and into each host. */
  readonly outByHost: ReadonlyMap<string, number>;
  readonly inByHost: ReadonlyMap<string, number>;
  /** The cool-down of each VM that has one, by uuid. */
  readonly coolDowns: ReadonlyMap<string, CoolDown>;
  /** When a VM whose migration failed may be tried again, by uuid. */
  readonly retries: ReadonlyMap<string, Retry>;
  /** Targets that recently refused a VM, by its uuid, each with the reason. */
  readonly refusedTargets: ReadonlyMap<string, readonly RefusedTarget[]>;
  /** Hosts that a VM left recently and does not go back to, by its uuid. */
  readonly leftHosts: ReadonlyMap<string, readonly { readonly hostId: string; readonly atMs: number }[]>;
  /** Dirty rate of each VM when it was last copied. */
  readonly dirtyBytesPerSecond: ReadonlyMap<string, number>;
  readonly budgets: BudgetsLeft;
}

interface RefusedTarget {
  readonly hostId: string;
  readonly untilMs: number;
  readonly reason: string;
}

// Schedulers take turns, and their clocks differ by less.
const CLOCK_AHEAD_MAX_MS = 5 * MINUTE_MS;

/** The ledger at `nowMs` of the known migrations, in any order. */
export function ledgerOf(migrations: Iterable<Migration>, nowMs: number, restraint: Restraint): Ledger {
  // What ended in the future was stamped by a clock that has since been set back, by days perhaps, and binds nobody.
  const all = [...migrations].filter(
    ({ state, endedAtMs }) => !isOver(state) || endedAtMs <= nowMs + CLOCK_AHEAD_MAX_MS,
  );
  const active = all.filter(({ state }) => !isOver(state));
  const ended = all.filter((migration) => isOver(migration.state) && isSomebodysFault(migration));
  const copies = groupBy(ended.filter(isCopy), ({ vmUuid }) => vmUuid);
  const underWay = active.filter(({ state }) => !isForOperator(state));
  return {
    active,
    underWay,
    activeByVm: new Map(active.map((migration) => [migration.vmUuid, migration])),
    outByHost: countBy(underWay, ({ sourceHostId }) => sourceHostId),
    inByHost: countBy(underWay, ({ targetHostId }) => targetHostId),
    coolDowns: coolDownsOf(copies, nowMs, restraint),
    retries: retriesOf(ended, nowMs, restraint),
    refusedTargets: refusedTargets(ended, nowMs, restraint),
    leftHosts: leftHosts(ended, nowMs, restraint),
    dirtyBytesPerSecond: dirtyRates(copies),
    budgets: budgetsLeft(all, nowMs, restraint),
  };
}

function coolDownsOf(
  copies: ReadonlyMap<string, readonly Migration[]>,
  nowMs: number,
  restraint: Restraint,
): Map<string, CoolDown> {
  const coolDowns = new Map<string, CoolDown>();
  for (const [vmUuid, ofVm] of copies) {
    const coolDown = coolDownOf(ofVm, restraint);
    if (coolDown !== undefined && coolDown.untilMs > nowMs) coolDowns.set(vmUuid, coolDown);
  }
  return coolDowns;
}

function retriesOf(ended: readonly Migration[], nowMs: number, restraint: Restraint): Map<string, Retry> {
  const retries = new Map<string, Retry>();
  for (const [vmUuid, ofVm] of groupBy(ended, (migration) => migration.vmUuid)) {
    const retry = retryOf(ofVm, restraint);
    if (retry !== undefined && retry.atMs > nowMs) retries.set(vmUuid, retry);
  }
  return retries;
}

function refusedTargets(
  ended: readonly Migration[],
  nowMs: number,
  restraint: Restraint,
): Map<string, RefusedTarget[]> {
  const refused = new Map<string, RefusedTarget[]>();
  const refusals = ended.filter(isRefusalOfTarget).sort((a, b) => b.endedAtMs - a.endedAtMs);
  for (const [vmUuid, ofVm] of groupBy(refusals, (migration) => migration.vmUuid)) {
    const closed = [...groupBy(ofVm, ({ targetHostId }) => targetHostId)].flatMap(([hostId, byHost]) => {
      const untilMs = closedUntilMs(byHost, restraint);
      return untilMs > nowMs ? [{ hostId, untilMs, reason: byHost[0].outcome }] : [];
    });
    if (closed.length > 0) refused.set(vmUuid, closed);
  }
  return refused;
}

function leftHosts(
  ended: readonly Migration[],
  nowMs: number,
  { returnAfterMs }: Restraint,
): Map<string, { hostId: string; atMs: number }[]> {
  const arrived = ended
    .filter(
      ({ state, endedAtMs }) => state === 'MIGRATION_STATE_SUCCEEDED' && endedAtMs > nowMs - returnAfterMs,
    )
    .sort((a, b) => a.endedAtMs - b.endedAtMs || (a.migrationId < b.migrationId ? -1 : 1));
  const left = new Map<string, { hostId: string; atMs: number }[]>();
  for (const [vmUuid, ofVm] of groupBy(arrived, (migration) => migration.vmUuid))
    left.set(
      vmUuid,
      ofVm.map(({ sourceHostId, endedAtMs }) => ({ hostId: sourceHostId, atMs: endedAtMs })),
    );
  return left;
}

function dirtyRates(copies: ReadonlyMap<string, readonly Migration[]>): Map<string, number> {
  const rates = new Map<string, number>();
  for (const [vmUuid, ofVm] of copies) {
    const latest = ofVm.reduce((last, copy) => (copy.endedAtMs > last.endedAtMs ? copy : last));
    const rate = latest.progress?.dirtyBytesPerSecond ?? latest.estimate?.dirtyBytesPerSecond ?? 0;
    if (rate > 0) rates.set(vmUuid, rate);
  }
  return rates;
}

function groupBy(
  migrations: readonly Migration[],
  keyOf: (migration: Migration) => string,
): Map<string, [Migration, ...Migration[]]> {
  const groups = new Map<string, [Migration, ...Migration[]]>();
  for (const migration of migrations) {
    const group = groups.get(keyOf(migration));
    if (group === undefined) groups.set(keyOf(migration), [migration]);
    else group.push(migration);
  }
  return groups;
}

function countBy(
  migrations: readonly Migration[],
  hostOf: (migration: Migration) => string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [hostId, ofHost] of groupBy(migrations, hostOf)) counts.set(hostId, ofHost.length);
  return counts;
}
