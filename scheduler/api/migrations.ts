// Migrations ordered, listed, followed and aborted by people.
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import type { ListMigrationsRequest } from '../../shared/gen/evenkeel/v1/ListMigrationsRequest.ts';
import type { ListMigrationsResponseInput } from '../../shared/gen/evenkeel/v1/ListMigrationsResponse.ts';
import type { Migration } from '../../shared/gen/evenkeel/v1/Migration.ts';
import type { SchedulerServiceAbortMigrationRequest } from '../../shared/gen/evenkeel/v1/SchedulerServiceAbortMigrationRequest.ts';
import type { SchedulerServiceAbortMigrationResponseInput } from '../../shared/gen/evenkeel/v1/SchedulerServiceAbortMigrationResponse.ts';
import type { SchedulerServiceMigrateRequest } from '../../shared/gen/evenkeel/v1/SchedulerServiceMigrateRequest.ts';
import type { SchedulerServiceMigrateResponseInput } from '../../shared/gen/evenkeel/v1/SchedulerServiceMigrateResponse.ts';
import type { Refusal } from '../../shared/gen/evenkeel/v1/Refusal.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import type { Core } from '../core.ts';
import { refuseVm, unusable } from '../planner/filters.ts';
import { isForPerson, isOver } from '../migrations/machine.ts';
import { modelOf, type ClusterModel, type HostModel } from '../planner/model.ts';
import { placeMigration, refuseOrdered } from '../planner/place.ts';
import { findActiveVm, findHost, unknownVm } from './names.ts';

const LIST_DEFAULT = 50;
const LIST_MAX = 1_000;

/** Orders a migration and tells each of its steps until it has ended. */
export async function* migrate(
  core: Core,
  request: SchedulerServiceMigrateRequest,
  signal: AbortSignal,
): AsyncGenerator<SchedulerServiceMigrateResponseInput, void, undefined> {
  const { migrationId } = await order(core, request);
  let told: Migration | undefined;
  for (;;) {
    const seen = core.changes.count;
    const migration = core.runner.get(migrationId);
    if (migration === undefined)
      throw new EvenkeelError('UNKNOWN', `migration ${migrationId}: its record is gone; look at both hosts`);
    if (migration !== told) yield { migration };
    told = migration;
    if (isOver(migration.state) || isForPerson(migration.state)) return;
    await core.changes.next(seen, signal, MINUTE_MS);
  }
}

async function order(core: Core, request: SchedulerServiceMigrateRequest): Promise<Migration> {
  const { view, policy, clock, ledger, runner } = core;
  const vmView = findActiveVm(view, 'vm', request.vm);
  if (vmView === undefined) throw unknownVm(view, 'vm', request.vm);
  const model = modelOf(view, ledger(), policy, clock.nowMs());
  const source = model.hosts.get(vmView.hostId ?? '');
  const vm = source?.vms.find(({ uuid }) => uuid === vmView.uuid);
  if (source === undefined || vm === undefined) throw unknownVm(view, 'vm', request.vm);
  const refused = unusable(source) ?? refuseVm(model, vm, true);
  if (refused !== undefined) throw refusedOrder(`migrate ${vm.name}`, [refused]);
  const target = chooseTarget(model, source, request, core, vm);
  return runner.start({
    vmUuid: vm.uuid,
    vmName: vm.name,
    sourceHostId: source.hostId,
    targetHostId: target.hostId,
    decisionId: '',
  });
}

function chooseTarget(
  model: ClusterModel,
  source: HostModel,
  request: SchedulerServiceMigrateRequest,
  core: Core,
  vm: HostModel['vms'][number],
): HostModel {
  if (request.targetHost === '') {
    const { host, refusals } = placeMigration(model, source, vm);
    if (host === undefined) throw refusedOrder(`migrate ${vm.name}: no host can take it`, refusals);
    return host;
  }
  const { hostId, hostName } = findHost(core.view, 'target_host', request.targetHost);
  if (hostId === source.hostId)
    throw invalidField('target_host', `${vm.name} runs on ${hostName} already; name another host, or none`);
  const target = model.hosts.get(hostId);
  if (target === undefined) throw invalidField('target_host', `${hostName} has just left`);
  const refused = refuseOrdered(model, vm, target);
  if (refused !== undefined)
    throw refusedOrder(`migrate ${vm.name} to ${hostName}`, [{ ...refused, hostName: '', vmName: '' }]);
  return target;
}

/** FAILED_PRECONDITION with every refusal and its cure. */
export function refusedOrder(what: string, refusals: readonly Refusal[]): EvenkeelError {
  const reasons = refusals.map(({ hostName, vmName, reason, cure }) => {
    const about = hostName !== '' ? hostName : vmName;
    return `${about === '' ? '' : `${about}: `}${reason} (${cure})`;
  });
  const text = reasons.length === 0 ? 'there is no other host' : reasons.join('; ');
  return new EvenkeelError('FAILED_PRECONDITION', `${what}: ${text}`);
}

/** Newest first; 50 unless told. */
export function listMigrations(
  core: Core,
  { limit, activeOnly }: ListMigrationsRequest,
): ListMigrationsResponseInput {
  const all = core.runner.list().filter(({ state }) => !activeOnly || !isOver(state));
  return { migrations: all.slice(0, limitOf(limit)) };
}

/** The wanted length of a list within its bounds. */
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
