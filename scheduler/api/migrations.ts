// Serves migrations to operators: ordered, followed, listed, aborted.
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import type {
  ListMigrationsRequest,
  ListMigrationsResponseInput,
  SchedulerServiceAbortMigrationRequest,
  SchedulerServiceAbortMigrationResponseInput,
  SchedulerServiceMigrateRequest,
  SchedulerServiceMigrateResponseInput,
} from '../../shared/gen/scheduler.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import type { Core } from '../core.ts';
import { isForOperator, isOver } from '../migrations/machine.ts';
import { lookAtVm } from './look-again.ts';
import { notRunning } from './locate.ts';
import { findActiveVm, findHost, unknownVm } from './names.ts';
import { chooseTarget, untilKnown } from './orders.ts';

const LIST_DEFAULT = 50;
const LIST_MAX = 1_000;

/** Orders a migration and streams its steps until it has ended. */
export async function* migrate(
  core: Core,
  request: SchedulerServiceMigrateRequest,
  signal: AbortSignal,
): AsyncGenerator<SchedulerServiceMigrateResponseInput, void, undefined> {
  const { migrationId } = await order(core, request, signal);
  let sent: Migration | undefined;
  for (;;) {
    const seen = core.watchBell.count;
    const migration = core.runner.get(migrationId);
    if (migration === undefined)
      throw new EvenkeelError(
        'UNKNOWN',
        `migration ${migrationId}: its journal entry is gone; check both hosts`,
      );
    if (migration !== sent) yield { migration };
    sent = migration;
    if (isOver(migration.state) || isForOperator(migration.state)) return;
    await core.watchBell.next(seen, signal, MINUTE_MS);
  }
}

async function order(
  core: Core,
  request: SchedulerServiceMigrateRequest,
  signal: AbortSignal,
): Promise<Migration> {
  if (findActiveVm(core.view, 'vm', request.vm) === undefined)
    throw await notRunning(core, request.vm, signal);
  const { sourceHostId, namedHostId = sourceHostId } = asked(core, request);
  await untilKnown(core, [sourceHostId, namedHostId], signal);
  await lookIfHeld(core, asked(core, request), signal);
  // The VM may have moved meanwhile.
  const now = asked(core, request);
  const targetHostId = chooseTarget(core, now.vmUuid, now.namedHostId);
  const { vmUuid, vmName } = now;
  return core.runner.start({ vmUuid, vmName, sourceHostId: now.sourceHostId, targetHostId, decisionId: '' });
}

/** What held it by its last sample may be over: an operator who has just mended it must not be refused for that. */
async function lookIfHeld(
  core: Core,
  { vmUuid, sourceHostId }: ReturnType<typeof asked>,
  signal: AbortSignal,
): Promise<void> {
  const sample = core.view.vms.get(vmUuid)?.sample;
  const isHeld = sample?.state !== 'VM_STATE_RUNNING' || sample.obstacles.length > 0;
  if (isHeld) await lookAtVm(core, sourceHostId, vmUuid, signal);
}

/** The VM and hosts that the request names, from the current view. */
function asked({ view }: Core, request: SchedulerServiceMigrateRequest) {
  const vm = findActiveVm(view, 'vm', request.vm);
  if (vm?.hostId === undefined) throw unknownVm(view, 'vm', request.vm);
  const { name } = vm.sample;
  const named = request.targetHost === '' ? undefined : findHost(view, 'target_host', request.targetHost);
  if (named?.hostId === vm.hostId)
    throw invalidField(
      'target_host',
      `${name} already runs on ${named.hostName}; name another host, or none`,
    );
  return { vmUuid: vm.uuid, vmName: name, sourceHostId: vm.hostId, namedHostId: named?.hostId };
}

/** Newest first; 50 by default. */
export function listMigrations(
  core: Core,
  { limit, activeOnly }: ListMigrationsRequest,
): ListMigrationsResponseInput {
  const all = core.runner.list().filter(({ state }) => !activeOnly || !isOver(state));
  return { migrations: all.slice(0, limitOf(limit)) };
}

/** The requested length of a list, within its bounds. */
export function limitOf(limit: number): number {
  return limit === 0 ? LIST_DEFAULT : Math.min(limit, LIST_MAX);
}

export async function abortMigration(
  core: Core,
  { migrationId }: SchedulerServiceAbortMigrationRequest,
): Promise<SchedulerServiceAbortMigrationResponseInput> {
  if (migrationId === '') throw invalidField('migration_id', 'must be the id of a migration');
  return { migration: await core.runner.abort(migrationId) };
}
