// Asks about single VMs what the bulk statistics do not show: definition, end of a migration; starts balloon reports.
import type { Clock, WaitOptions } from '../../shared/clock.ts';
import { DeadlineError, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import type { Connection } from '../libvirt/connection.ts';
import { Affect, DomainState, JobOperation, JobType } from '../libvirt/constants.ts';
import { getXml, setMemoryStatsPeriod } from '../libvirt/domain.ts';
import { LibvirtConnectionError, LibvirtError } from '../libvirt/errors.ts';
import { getJobStats } from '../libvirt/migration.ts';
import { describeVm } from './description.ts';
import type { Lifetime } from './lifetimes.ts';
import type { VmRead } from './vm-reader.ts';

export interface CareOptions {
  readonly sideConnection: () => Connection | undefined;
  /** Cores that a VM's control groups allow, by its name; undefined without a limit. */
  readonly readCpuLimit: (vmName: string) => number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

export interface RememberedVm {
  readonly read: VmRead;
  readonly lifetime: Lifetime;
}

/** Share of the interval: reading ends at 0.9 of it, these queries a little later, but before the next tick. */
const END_SHARE = 0.95;
/** A NIC whose tap is unknown may be new, so the definition is read again; a vhost-user NIC may stay unknown, so not every tick. */
const ASK_AGAIN_MS = MINUTE_MS;
/** Each call holds the VM's job for some milliseconds; a host full of new VMs is done within a few ticks. */
const BALLOONS_A_TICK = 10;

/**
 * Brings the lifetimes of these VMs up to date before their samples are made, as far as libvirt answers before the
 * end of the tick that began at `startedMs`; the rest follows at the next tick. Never rejects because of libvirt.
 */
export async function updateLifetimes(
  vms: readonly RememberedVm[],
  options: CareOptions,
  startedMs: number,
): Promise<void> {
  readLimits(vms, options);
  await within(options, startedMs, async (connection, wait) => {
    await askDefinitions(connection, vms, options, wait);
    await askMigrations(connection, vms, wait);
  });
}

/**
 * Makes balloons that never reported do so once an interval: a VM defined without `<stats period>` would otherwise never
 * report how much memory it uses. Affects the live VM only and is harmless, but takes its job, so it waits for the report.
 */
export async function wakeBalloons(
  vms: readonly RememberedVm[],
  options: CareOptions,
  startedMs: number,
): Promise<void> {
  const silent = vms.filter(isBalloonSilent).slice(0, BALLOONS_A_TICK);
  if (silent.length === 0) return;
  const period = { seconds: Math.ceil(options.intervalMs / SECOND_MS), affect: Affect.live };
  await within(options, startedMs, async (connection, wait) => {
    for (const { read, lifetime } of silent) {
      lifetime.isBalloonAsked = true;
      // This fails without a balloon device; memory in use is then the resident size of QEMU.
      await answerOf(setMemoryStatsPeriod(connection, read.counters.domain, period, wait()));
    }
  });
}

async function within(
  { sideConnection, clock, intervalMs, signal }: CareOptions,
  startedMs: number,
  work: (connection: Connection, wait: () => WaitOptions) => Promise<void>,
): Promise<void> {
  const connection = sideConnection();
  if (connection === undefined) return;
  const endMs = startedMs + END_SHARE * intervalMs;
  try {
    await work(connection, () => ({ signal, timeoutMs: Math.max(1, endMs - clock.monotonicMs()) }));
  } catch (error) {
    const isAway = error instanceof DeadlineError || error instanceof LibvirtConnectionError;
    if (!isAway && !signal.aborted) throw error;
  }
}

/** The answer; undefined when libvirt refuses, most often because the VM has ended. */
async function answerOf<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof LibvirtError) return undefined;
    throw error;
  }
}

// A quota may be set at any moment, without an event. Reading takes some dozen small files of the kernel's for each VM.
const LIMIT_EVERY_MS = 10 * SECOND_MS;

function readLimits(vms: readonly RememberedVm[], { clock, readCpuLimit }: CareOptions): void {
  const nowMs = clock.monotonicMs();
  for (const { read, lifetime } of vms) {
    if (nowMs - lifetime.limitReadAtMs < LIMIT_EVERY_MS) continue;
    lifetime.limitReadAtMs = nowMs;
    lifetime.cpuLimitCores = readCpuLimit(read.counters.domain.name);
  }
}

/** Reads rules, owner and MACs. A VM's first sample needs them: without its rules it would look free to move. */
async function askDefinitions(
  connection: Connection,
  vms: readonly RememberedVm[],
  { clock, logger }: CareOptions,
  wait: () => WaitOptions,
): Promise<void> {
  for (const { read, lifetime } of vms) {
    const { domain } = read.counters;
    if (!isDefinitionWanted(read, lifetime, clock.monotonicMs())) continue;
    lifetime.askedAtMs = clock.monotonicMs();
    // Before the call: an event that comes during it marks the description stale again.
    lifetime.isDescriptionStale = false;
    const xml = await answerOf(getXml(connection, domain, 0, wait())).catch((error: unknown) => {
      lifetime.isDescriptionStale = true;
      throw error;
    });
    if (xml === undefined) continue;
    try {
      lifetime.description = describeVm(xml);
    } catch (error) {
      const cause = messageOf(error);
      logger.warn({ vmId: domain.uuid, vm: domain.name, cause }, 'cannot parse the definition of a VM');
    }
  }
}

function isDefinitionWanted({ counters }: VmRead, lifetime: Lifetime, nowMs: number): boolean {
  if (lifetime.isDescriptionStale) return true;
  const { description, askedAtMs } = lifetime;
  const isKnown = counters.nics.every(({ name }) => description?.macByTap.has(name));
  return (description === undefined || !isKnown) && nowMs - askedAtMs >= ASK_AGAIN_MS;
}

/** libvirt sends an event for each iteration, but not always for a cancelled migration, so it is asked. */
async function askMigrations(
  connection: Connection,
  vms: readonly RememberedVm[],
  wait: () => WaitOptions,
): Promise<void> {
  for (const { read, lifetime } of vms) {
    if (!lifetime.isMigratingOut || read.isStuck) continue;
    const job = await answerOf(getJobStats(connection, read.counters.domain, 0, wait()));
    lifetime.isMigratingOut =
      job !== undefined && job.type !== JobType.none && job.operation === JobOperation.migrationOut;
  }
}

/** True from the second reading on at the earliest: a guest that reports does so within one period. */
function isBalloonSilent({ read, lifetime }: RememberedVm): boolean {
  return (
    !lifetime.isBalloonAsked &&
    !lifetime.isMigratingOut &&
    !read.isStuck &&
    lifetime.readings >= 2 &&
    read.counters.state === DomainState.running &&
    read.counters.balloon?.lastUpdateS === 0
  );
}
