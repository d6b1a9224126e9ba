// Implements the hypervisor port of migrations on the real libvirt.
import { aborted, type Clock, type WaitOptions } from '../../../shared/clock.ts';
import { SECOND_MS } from '../../../shared/units.ts';
import type { MigrationSettings } from '../../config.ts';
import type { LibvirtAccess } from '../../libvirt-access.ts';
import type { Connection } from '../../libvirt/connection.ts';
import {
  DirtyRateMode,
  DirtyRateStatus,
  ErrorCode,
  JobOperation,
  JobType,
  MigrateFlag,
  StatsGroup,
  UndefineFlag,
} from '../../libvirt/constants.ts';
import {
  destroy,
  domainByUuid,
  isPersistent,
  lookupByUuid,
  resume,
  setAutostart,
  suspend,
  undefine,
  type DomainRef,
} from '../../libvirt/domain.ts';
import { LibvirtError } from '../../libvirt/errors.ts';
import { registerEvents, type LibvirtEvent } from '../../libvirt/events.ts';
import {
  abortJob,
  getJobStats,
  getMaxDowntimeMs,
  migratePeerToPeer,
  setMaxDowntime,
  startDirtyRate,
  startPostCopy,
} from '../../libvirt/migration.ts';
import { getAllDomainStats } from '../../libvirt/stats.ts';
import { orUndefined } from '../../vm/storage.ts';
import { observeVm } from '../../vm/view.ts';
import type { VmInput } from '../../../shared/gen/agent.ts';
import type { Copy, CopyOrder, Hypervisor, VmEvent } from './hypervisor.ts';
import { findQemuProcess, hasEnded, type QemuProcess } from './qemu-process.ts';

type HypervisorSettings = Pick<MigrationSettings, 'unsafe' | 'tls'>;

// QEMU is given up to 15 s to end by itself and 5 s after SIGKILL (qemu_process.c).
const DESTROY_TIMEOUT_MS = 30 * SECOND_MS;

export function createLibvirtHypervisor(
  access: LibvirtAccess,
  settings: HypervisorSettings,
  clock: Clock,
): Hypervisor {
  /** By uuid alone: libvirt finds the VM by it, and says when it has none. */
  const act = (
    vmUuid: string,
    action: (connection: Connection, domain: DomainRef) => Promise<unknown>,
  ): Promise<void> =>
    access.shared(async (connection) => {
      await action(connection, domainByUuid(vmUuid));
    });
  const endings = new Map<string, VmInput>();
  return {
    observe: (vmUuid, wait) =>
      access.shared(async (connection) => {
        const ending = endings.get(vmUuid);
        if (ending !== undefined) return { ...ending, observedAtMs: clock.nowMs() };
        const domain = await orUndefined(lookupByUuid(connection, vmUuid, wait), ErrorCode.noDomain);
        if (domain === undefined) return undefined;
        // It may have gone in between: libvirt then says that there is no such domain.
        return orUndefined(observeVm(connection, domain, clock.nowMs(), wait), ErrorCode.noDomain);
      }),
    resume: (vmUuid, wait) => act(vmUuid, (connection, domain) => resume(connection, domain, wait)),
    suspend: (vmUuid, wait) => act(vmUuid, (connection, domain) => suspend(connection, domain, wait)),
    destroy: (vmUuid, wait) => {
      const patient = { ...wait, timeoutMs: Math.max(wait.timeoutMs, DESTROY_TIMEOUT_MS) };
      return access.own((connection) => destroy(connection, domainByUuid(vmUuid), 0, patient));
    },
    setAutostart: (vmUuid, wait) =>
      act(vmUuid, (connection, domain) => setAutostart(connection, domain, true, wait)),
    undefine: (vmUuid, wait) => {
      const { managedSave, snapshotsMetadata, checkpointsMetadata, keepNvram } = UndefineFlag;
      // NVRAM is kept: it may be the very file that the VM uses on the other host.
      const flags = managedSave | snapshotsMetadata | checkpointsMetadata | keepNvram;
      return act(vmUuid, (connection, domain) => undefine(connection, domain, flags, wait));
    },
    listen: (vmUuid, listener, options) => listen(access, vmUuid, listener, options),
    withCopy: (vmUuid, work, signal) =>
      new Promise((resolve, reject) => {
        const open = access.own(async (connection) => {
          const copy = createCopy({ connection, vmUuid, settings, clock, endings });
          await work(copy).then(resolve, reject);
          // libvirt's call may outlive the work, and only its answer says how the copy ended.
          await copy.returned();
        }, signal);
        open.catch(reject);
      }),
  };
}

/** Listens over a connection of its own, since each connection carries only one registration of a kind. */
function listen(
  access: LibvirtAccess,
  vmUuid: string,
  listener: (event: VmEvent) => void,
  { signal, timeoutMs, onLost }: WaitOptions & { readonly onLost: () => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = (event: LibvirtEvent): void => {
      if (event.kind === 'connectionClosed' || event.domain.uuid !== vmUuid) return;
      const told = vmEventOf(event);
      if (told !== undefined) listener(told);
    };
    let isListening = false;
    const until = access.own(async (connection) => {
      const wait = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
      await registerEvents(connection, ['lifecycle', 'migrationIteration', 'jobCompleted'], take, wait);
      isListening = true;
      resolve();
      await (signal === undefined ? connection.closed : Promise.race([connection.closed, aborted(signal)]));
    }, signal);
    void until
      .catch((error: unknown) => {
        if (!isListening) reject(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => {
        if (isListening && signal?.aborted !== true) onLost();
      });
  });
}

function vmEventOf(event: LibvirtEvent): VmEvent | undefined {
  if (event.kind === 'migrationIteration') return { kind: 'iteration', iteration: event.iteration };
  if (event.kind === 'jobCompleted') return { kind: 'completed', figures: event.job };
  if (event.kind !== 'lifecycle') return undefined;
  const { change, detail } = event;
  const isKnown = change === 'suspended' || change === 'resumed' || change === 'stopped';
  return { kind: isKnown ? change : 'other', detail };
}

interface CopyParts {
  readonly connection: Connection;
  readonly vmUuid: string;
  readonly settings: HypervisorSettings;
  readonly clock: Clock;
  /** What to show of VMs whose QEMU has ended while libvirt has not dealt with that yet. */
  readonly endings: Map<string, VmInput>;
}

function createCopy(parts: CopyParts): Copy & { readonly returned: () => Promise<void> } {
  const { connection, vmUuid, settings, clock, endings } = parts;
  const domain = domainByUuid(vmUuid);
  let call: Promise<unknown> = Promise.resolve();
  let isReturned = false;
  let leaving: Leaving | undefined;
  // libvirt accepts a dirty-rate measurement only while no migration runs; so a start waits until it is accepted.
  let measuring: Promise<unknown> = Promise.resolve();
  return {
    start: async (order, wait) => {
      await measuring;
      const keepsDefinition = await isPersistent(connection, domain, { ...wait, timeoutMs: QUICK_MS });
      if (order.arrivesPaused) leaving = await leavingOf(parts, { ...wait, timeoutMs: QUICK_MS });
      const request = {
        destinationUri: order.targetLibvirtUri,
        flags: flagsOf(order, settings, keepsDefinition),
        params: {
          bandwidthBytesPerSecond: order.bandwidthBytesPerSecond,
          ...(order.targetMigrateUri === '' ? {} : { migrateUri: order.targetMigrateUri }),
        },
      };
      const migrating = migratePeerToPeer(connection, domain, request, wait);
      isReturned = false;
      call = migrating
        .catch(() => undefined)
        .finally(() => {
          isReturned = true;
          endings.delete(vmUuid);
        });
      await migrating;
    },
    processEnded: async (signal) => {
      await untilEnded(leaving?.process, clock, signal);
      // If libvirt's call has returned meanwhile, its answer counts.
      if (leaving !== undefined && !isReturned) endings.set(vmUuid, leaving.ending);
    },
    returned: async () => {
      await call;
    },
    figures: async (wait) => {
      const asked = getJobStats(connection, domain, 0, wait);
      const job = await orUndefined(orUndefined(asked, ErrorCode.operationInvalid), ErrorCode.noDomain);
      return job?.type === JobType.unbounded && job.operation === JobOperation.migrationOut ? job : undefined;
    },
    downtimeMaxMs: (wait) => getMaxDowntimeMs(connection, domain, wait),
    setDowntimeMax: (downtimeMaxMs, wait) => setMaxDowntime(connection, domain, downtimeMaxMs, wait),
    switchToPostCopy: (wait) => startPostCopy(connection, domain, wait),
    abort: (wait) => abortJob(connection, domain, wait),
    dirtyBytesPerSecond: async (measureMs, wait) => {
      const seconds = Math.max(1, Math.ceil(measureMs / SECOND_MS));
      const started = orRefused(
        startDirtyRate(connection, domain, { seconds, mode: DirtyRateMode.pageSampling }, wait),
      );
      measuring = started.catch(() => undefined);
      if ((await started) === 'refused') return undefined;
      return measuredRate(connection, domain, clock, seconds * SECOND_MS, wait);
    },
  };
}

interface Leaving {
  /** Undefined where the process cannot be identified. */
  readonly process: QemuProcess | undefined;
  readonly ending: VmInput;
}

const PROC_ROOT = '/proc';
// The guest is paused meanwhile; reading the one file takes a tenth of a millisecond.
const PROCESS_POLL_MS = 3;

async function leavingOf(
  { connection, vmUuid, clock }: CopyParts,
  wait: WaitOptions & { timeoutMs: number },
): Promise<Leaving> {
  const [vm, process] = await Promise.all([
    lookupByUuid(connection, vmUuid, wait).then((domain) =>
      observeVm(connection, domain, clock.nowMs(), wait),
    ),
    findQemuProcess(PROC_ROOT, vmUuid).catch(() => undefined),
  ]);
  const ending: VmInput = {
    ...vm,
    state: 'VM_STATE_PAUSED',
    stateReason: 'VM_STATE_REASON_MIGRATION',
    migrationRole: 'VM_MIGRATION_ROLE_OUTGOING',
    processEnded: true,
  };
  return { process, ending };
}

/** Never resolves where the process cannot be identified or read: libvirt's answer then comes first. */
async function untilEnded(
  process: QemuProcess | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (process === undefined || !(await hasEnded(PROC_ROOT, process).catch(() => false)))
    await clock.sleep(PROCESS_POLL_MS, signal);
}

// libvirt answers isPersistent from memory.
const QUICK_MS = 5 * SECOND_MS;
// Reading the sampled pages takes some milliseconds beyond the measuring period.
const MEASURED_POLL_MS = 50;
const MEASURED_POLLS_MAX = 10;

async function measuredRate(
  connection: Connection,
  domain: DomainRef,
  clock: Clock,
  measureMs: number,
  wait: WaitOptions,
): Promise<number | undefined> {
  await clock.sleep(measureMs, wait.signal);
  const request = { domains: [domain], groups: StatsGroup.dirtyRate, flags: 0 };
  for (let poll = 0; poll < MEASURED_POLLS_MAX; poll += 1) {
    const [stats] = await getAllDomainStats(connection, request, wait);
    const dirtyRate = stats?.dirtyRate;
    if (dirtyRate?.status === DirtyRateStatus.measured) return dirtyRate.bytesPerSecond;
    await clock.sleep(MEASURED_POLL_MS, wait.signal);
  }
  return undefined;
}

/** A QEMU or libvirt that cannot measure says so; the migration goes on without. */
async function orRefused(work: Promise<void>): Promise<'taken' | 'refused'> {
  try {
    await work;
    return 'taken';
  } catch (error) {
    if (error instanceof LibvirtError) return 'refused';
    throw error;
  }
}

function flagsOf(
  { arrivesPaused, autoConverge, postCopy }: CopyOrder,
  settings: HypervisorSettings,
  keepsDefinition: boolean,
): number {
  const flag = MigrateFlag;
  return (
    flag.live |
    flag.abortOnError |
    // A transient VM stays transient.
    (keepsDefinition ? flag.persistDest | flag.undefineSource : 0) |
    (arrivesPaused ? flag.paused : 0) |
    (autoConverge ? flag.autoConverge : 0) |
    (postCopy ? flag.postCopy : 0) |
    (settings.unsafe ? flag.unsafe : 0) |
    (settings.tls ? flag.tls : 0)
  );
}
