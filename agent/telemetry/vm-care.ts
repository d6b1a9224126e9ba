// Questions about single VMs beside the bulk statistics: definition, end of a migration, the balloon's reports.
import type { Clock, WaitOptions } from '../../shared/clock.ts';
import { DeadlineError } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { MINUTE_MS, SECOND_MS } from '../../shared/units.ts';
import type { Connection } from '../libvirt/connection.ts';
import { Affect, DomainState, JobOperation, JobType } from '../libvirt/constants.ts';
import { getXml, setMemoryStatsPeriod } from '../libvirt/domain.ts';
import { LibvirtConnectionError, LibvirtError } from '../libvirt/errors.ts';
import { getJobStats } from '../libvirt/migration.ts';
import { describeVm } from './description.ts';
import type { Epoch } from './epochs.ts';
import type { VmRead } from './vm-reader.ts';

export interface CareOptions {
  readonly sideConnection: () => Connection | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

export interface RememberedVm {
  readonly read: VmRead;
  readonly epoch: Epoch;
}

/** Of the interval: reading ends at 0.9 of it, these questions a little later, before the next tick in any case. */
const END_SHARE = 0.95;
/** A NIC that was plugged in has a tap that is not known yet; one of vhost-user never is, so not at every tick. */
const ASK_AGAIN_MS = MINUTE_MS;
/** Each holds a job of the VM for some milliseconds; a host full of new VMs is served within a few ticks. */
const BALLOONS_A_TICK = 10;

/**
 * Brings what is remembered of these VMs up to date before their samples are made, as far as libvirt answers before the
 * end of the tick that began at `startedMs`; the rest comes with the next tick. Never rejects for what libvirt does.
 */
export async function updateEpochs(
  vms: readonly RememberedVm[],
  options: CareOptions,
  startedMs: number,
): Promise<void> {
  await within(options, startedMs, async (connection, wait) => {
    await askDefinitions(connection, vms, options, wait);
    await askMigrations(connection, vms, wait);
  });
}

/**
 * Asks the balloons that never reported to report once an interval: a VM defined without `<stats period>` otherwise never
 * tells how much memory it uses. Live and harmless, yet a job of the VM, so it is done after the report has left.
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
    for (const { read, epoch } of silent) {
      epoch.isBalloonAsked = true;
      // Without a balloon device this fails; memory is then judged by what QEMU holds.
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

/** The answer; undefined when libvirt refuses, most often because the VM has ended meanwhile. */
async function answerOf<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof LibvirtError) return undefined;
    throw error;
  }
}

/** Rules, owner and MACs. A VM's first sample needs them: without its rules it would look free to move. */
async function askDefinitions(
  connection: Connection,
  vms: readonly RememberedVm[],
  { clock, logger }: CareOptions,
  wait: () => WaitOptions,
): Promise<void> {
  for (const { read, epoch } of vms) {
    const { domain } = read.counters;
    if (!isDefinitionWanted(read, epoch, clock.monotonicMs())) continue;
    epoch.askedAtMs = clock.monotonicMs();
    // An event that comes while we ask makes it stale again.
    epoch.isDescriptionStale = false;
    const xml = await answerOf(getXml(connection, domain, 0, wait())).catch((error: unknown) => {
      epoch.isDescriptionStale = true;
      throw error;
    });
    if (xml === undefined) continue;
    try {
      epoch.description = describeVm(xml);
    } catch (error) {
      const cause = messageOf(error);
      logger.warn({ vmId: domain.uuid, vm: domain.name, cause }, 'cannot understand the definition of a VM');
    }
  }
}

function isDefinitionWanted({ counters }: VmRead, epoch: Epoch, nowMs: number): boolean {
  if (epoch.isDescriptionStale) return true;
  const { description, askedAtMs } = epoch;
  const isKnown = counters.nics.every(({ name }) => description?.macByTap.has(name));
  return (description === undefined || !isKnown) && nowMs - askedAtMs >= ASK_AGAIN_MS;
}

/** libvirt tells how a migration proceeds, and not always that it was cancelled. */
async function askMigrations(
  connection: Connection,
  vms: readonly RememberedVm[],
  wait: () => WaitOptions,
): Promise<void> {
  for (const { read, epoch } of vms) {
    if (!epoch.isMigratingOut || read.isStuck) continue;
    const job = await answerOf(getJobStats(connection, read.counters.domain, 0, wait()));
    epoch.isMigratingOut =
      job !== undefined && job.type !== JobType.none && job.operation === JobOperation.migrationOut;
  }
}

/** The second reading at the earliest: a guest that reports does so within one period. */
function isBalloonSilent({ read, epoch }: RememberedVm): boolean {
  return (
    !epoch.isBalloonAsked &&
    !epoch.isMigratingOut &&
    !read.isStuck &&
    epoch.readings >= 2 &&
    read.counters.state === DomainState.running &&
    read.counters.balloon?.lastUpdateS === 0
  );
}
