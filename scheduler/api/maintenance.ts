// Serves maintenance: which VMs would leave a host and which cannot, entering, leaving, and progress.
import { EvenkeelError } from '../../shared/errors.ts';
import type {
  EnterMaintenanceRequest,
  EnterMaintenanceResponseInput,
  ExitMaintenanceRequest,
  ExitMaintenanceResponseInput,
  ListMaintenanceResponseInput,
  Maintenance,
} from '../../shared/gen/scheduler.ts';
import { hostsMeant } from '../people/hosts-meant.ts';
import { progressOf, type MaintenanceEntry } from '../people/maintenance.ts';
import { vmsOf } from '../cluster/view.ts';
import type { Core } from '../core.ts';
import { lookAtHost } from './look-again.ts';
import { findHost } from './names.ts';
import { untilKnown } from './orders.ts';

const REASON_MAX = 500;

/** Throws FAILED_PRECONDITION with the VMs that cannot leave, unless that is accepted. */
export async function enterMaintenance(
  core: Core,
  request: EnterMaintenanceRequest,
  signal: AbortSignal,
): Promise<EnterMaintenanceResponseInput> {
  const { view, maintenance: book, clock } = core;
  const host = findHost(view, 'host', request.host);
  await untilKnown(core, [...view.hosts.keys()], signal);
  await lookAtHost(core, host, signal);
  const entry = book.of(view, host.hostId) ?? {
    hostId: host.hostId,
    hostName: host.hostName,
    enteredAtMs: clock.nowMs(),
    reason: request.reason.slice(0, REASON_MAX),
    vmsAtEntry: vmsOf(view, host).length,
  };
  const expected = progressIn(core, host.hostId)(entry);
  if (request.checkOnly) return { maintenance: expected };
  if (expected.impossible.length > 0 && !request.acceptRemaining)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `${host.hostName} cannot be emptied: ${expected.impossible
        .map(({ vmName, reason, cure }) => `${vmName}: ${reason}${cure === '' ? '' : ` (${cure})`}`)
        .join('; ')}`,
    );
  await book.enter(entry);
  core.logger.info({ host: host.hostName, vms: entry.vmsAtEntry }, 'host entered maintenance');
  core.planBell.ring();
  return { maintenance: expected };
}

export async function exitMaintenance(
  core: Core,
  request: ExitMaintenanceRequest,
): Promise<ExitMaintenanceResponseInput> {
  const { maintenance: book, view, logger } = core;
  // A host that the view has forgotten is still in the list of maintenance.
  const entry =
    book.list().find(({ hostId, hostName }) => [hostId, hostName].includes(request.host)) ??
    book.of(view, findHost(view, 'host', request.host).hostId);
  if (entry === undefined)
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `host: ${request.host} is not in maintenance; see "evenkeel maintenance list"`,
    );
  await book.exit(entry.hostId);
  logger.info({ host: entry.hostName }, 'host left maintenance');
  core.planBell.ring();
  return { maintenance: entry };
}

export function listMaintenance(core: Core): ListMaintenanceResponseInput {
  const entries = core.maintenance.list();
  return { maintenance: entries.length === 0 ? [] : entries.map(progressIn(core)) };
}

/** Progress of emptying hosts, real or hypothetical, from one plan for all hosts in maintenance and this one. */
function progressIn(
  { planning, maintenance, view }: Core,
  ...besides: readonly string[]
): (entry: MaintenanceEntry) => Maintenance {
  const drainingHostIds = new Set([...maintenance.hostIds(view), ...besides]);
  const snapshot = planning.snapshot({ drainingHostIds, isUnbounded: true });
  const plan = planning.plan(snapshot);
  return (entry) => {
    const [host] = hostsMeant(view, entry);
    return progressOf({ ...entry, hostId: host?.hostId ?? entry.hostId }, snapshot, plan);
  };
}
