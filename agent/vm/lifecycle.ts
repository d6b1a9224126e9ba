// Lists, starts, stops and undefines VMs.
import type { Clock, WaitOptions } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  GetVmRequest,
  GetVmResponseInput,
  UndefineVmResponse,
  VmInput,
  VmRef,
} from '../../shared/gen/agent.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import type { LibvirtAccess } from '../libvirt-access.ts';
import { translated } from '../libvirt-errors.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ErrorCode } from '../libvirt/constants.ts';
import { destroy, listDomains, shutdown, start, type DomainRef } from '../libvirt/domain.ts';
import { isLibvirtError } from '../libvirt/errors.ts';
import { undefineVm, type HasMigrated, type UndefineOrder } from './undefine.ts';
import { findVm, migrationRole, viewVm, viewVmInList } from './view.ts';

/** Commands for existing VMs. Every method throws EvenkeelError. */
export interface Lifecycle {
  list(signal: AbortSignal): Promise<VmInput[]>;
  get(request: GetVmRequest, signal: AbortSignal): Promise<GetVmResponseInput>;
  start(ref: VmRef | null, signal: AbortSignal): Promise<VmInput>;
  shutdown(ref: VmRef | null, signal: AbortSignal): Promise<VmInput>;
  destroy(ref: VmRef | null, signal: AbortSignal): Promise<VmInput>;
  undefine(order: UndefineOrder, signal: AbortSignal): Promise<UndefineVmResponse>;
}

// On a loaded host QEMU takes seconds to start, and up to 15 s plus 5 s to be killed (qemu_process.c).
const SLOW_TIMEOUT_MS = MINUTE_MS;
// How long a list waits for one VM: a stuck QEMU must not delay the others.
const LIST_TIMEOUT_MS = 2_000;
// The slots of one connection.
const LIST_WORKERS = 4;

/** Throws FAILED_PRECONDITION until a migration of the VM has ended on this host. */
export type RefuseDuringMigration = (verb: string, vmUuid: string) => Promise<void>;

export function createLifecycle(
  access: LibvirtAccess,
  clock: Clock,
  refuseDuringMigration: RefuseDuringMigration,
  hasMigrated: HasMigrated,
): Lifecycle {
  const view = async (connection: Connection, domain: DomainRef, wait: WaitOptions): Promise<VmInput> =>
    (await viewVm(connection, domain, clock.nowMs(), wait)).vm;

  /** Finds the VM, acts on it, and returns its new state. */
  const act = (
    verb: string,
    ref: VmRef | null,
    signal: AbortSignal,
    action: (connection: Connection, domain: DomainRef, wait: WaitOptions) => Promise<unknown>,
  ): Promise<VmInput> => {
    const wait = { timeoutMs: access.timeoutMs, signal };
    const work = access.own(async (connection) => {
      const domain = await findVm(connection, ref, wait);
      await action(connection, domain, wait);
      // Looked up again, because its id changes when it starts or stops.
      return await view(connection, await findVm(connection, ref, wait), wait);
    }, signal);
    return translated(`${verb} ${nameOf(ref)}`, work);
  };

  return {
    list: (signal) =>
      translated(
        'list VMs',
        access.own((connection) => listVms(connection, access.timeoutMs, clock, signal), signal),
      ),
    get: async ({ vm: ref, includeXml }, signal) => {
      const wait = { timeoutMs: access.timeoutMs, signal };
      const work = access.shared(async (connection) =>
        viewVm(connection, await findVm(connection, ref, wait), clock.nowMs(), wait),
      );
      const shown = await translated(`show ${nameOf(ref)}`, work);
      return { vm: shown.vm, xml: includeXml ? shown.xml : '' };
    },
    start: (ref, signal) =>
      act('start', ref, signal, async (connection, domain, wait) => {
        await refuseDuringMigration('start', domain.uuid);
        await refuseWhileMigrating('start', connection, domain, wait);
        await start(connection, domain, 0, { ...wait, timeoutMs: SLOW_TIMEOUT_MS });
      }),
    shutdown: (ref, signal) =>
      act('shut down', ref, signal, (connection, domain, wait) => shutdown(connection, domain, 0, wait)),
    destroy: (ref, signal) =>
      act('destroy', ref, signal, async (connection, domain, wait) => {
        await refuseDuringMigration('destroy', domain.uuid);
        await refuseWhileMigrating('destroy', connection, domain, wait);
        await destroy(connection, domain, 0, { ...wait, timeoutMs: SLOW_TIMEOUT_MS });
      }),
    undefine: (order, signal) => {
      const wait = { timeoutMs: access.timeoutMs, signal };
      const work = access.own(async (connection) => {
        const domain = await findVm(connection, order.vm, wait);
        await refuseDuringMigration('undefine', domain.uuid);
        return undefineVm(connection, domain, order, hasMigrated, wait);
      }, signal);
      return translated(`undefine ${nameOf(order.vm)}`, work);
    },
  };
}

function nameOf(ref: VmRef | null): string {
  return `VM ${ref?.name ?? ref?.uuid ?? ''}`;
}

async function listVms(
  connection: Connection,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<VmInput[]> {
  const domains = await listDomains(connection, 0, { timeoutMs, signal });
  const wait = { timeoutMs: LIST_TIMEOUT_MS, signal };
  const vms: VmInput[] = [];
  const rest = domains.values();
  const worker = async (): Promise<void> => {
    // The workers share one iterator: each takes the next VM when it is free.
    for (const domain of rest) {
      try {
        vms.push(await viewVmInList(connection, domain, clock.nowMs(), wait));
      } catch (error) {
        // Gone since it was listed.
        if (!isLibvirtError(error, ErrorCode.noDomain)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: LIST_WORKERS }, worker));
  return vms.toSorted((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
}

/** libvirt itself allows "destroy" on an incoming copy, and the migration then loses its target. */
async function refuseWhileMigrating(
  verb: string,
  connection: Connection,
  domain: DomainRef,
  wait: WaitOptions,
): Promise<void> {
  const role = await migrationRole(connection, domain, wait);
  if (role === 'VM_MIGRATION_ROLE_UNSPECIFIED') return;
  const way = role === 'VM_MIGRATION_ROLE_OUTGOING' ? 'away from' : 'to';
  throw new EvenkeelError(
    'FAILED_PRECONDITION',
    `${verb} VM ${domain.name}: it is migrating ${way} this host; wait for the migration to end, or abort it`,
  );
}
