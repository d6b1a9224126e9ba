// A snapshot from JSON that anybody may have written: strict, so that a figure in the wrong unit or place is an error.
import { RULE_KINDS, RULE_STRENGTHS } from '../../../shared/rule-words.ts';
import {
  amount,
  count,
  fieldsOf,
  id,
  InvalidJson,
  list,
  oneOf,
  refuseOthers,
  size,
  text,
  type Read,
} from './json-fields.ts';
import { LOAD_RESOURCES } from './policy.ts';
import {
  type Budgets,
  type Figures,
  type Hold,
  type HotSpot,
  type LoadFigures,
  type PendingVm,
  type Snapshot,
  SNAPSHOT_FORMAT,
  type SnapshotHost,
  type SnapshotMigration,
  type SnapshotRule,
  type SnapshotVm,
  type UsualLoad,
} from './snapshot.ts';

/** Throws InvalidJson, whose message names the field, what it must be and what it is. */
export function readSnapshot(json: unknown): Snapshot {
  const path = 'snapshot';
  const fields = fieldsOf(json, path);
  refuseOthers(fields, path, SNAPSHOT_FIELDS);
  const hosts = list(readHost)(fields['hosts'], `${path}.hosts`);
  const snapshot: Snapshot = {
    format: oneOf(SNAPSHOT_FORMAT)(fields['format'], `${path}.format`),
    atMs: amount(fields['atMs'], `${path}.atMs`),
    mode: readMode(fields['mode'], `${path}.mode`),
    hosts,
    vms: list(readVm)(fields['vms'], `${path}.vms`),
    rules: list(readRule)(fields['rules'], `${path}.rules`),
    migrations: list(readMigration)(fields['migrations'], `${path}.migrations`),
    pending: list(readPending)(fields['pending'], `${path}.pending`),
    budgets: readBudgets(fields['budgets'], `${path}.budgets`),
    ...optional('quietReason', fields['quietReason'], text, path),
  };
  checkIds(snapshot, path);
  return snapshot;
}

const SNAPSHOT_FIELDS = [
  'format',
  'atMs',
  'mode',
  'hosts',
  'vms',
  'rules',
  'migrations',
  'pending',
  'budgets',
  'quietReason',
];

const readMode = oneOf('observe', 'recommend', 'auto');

/** `{name: value}`, or nothing where the field is absent. */
function optional<Name extends string, T>(
  name: Name,
  value: unknown,
  read: Read<T>,
  path: string,
): Partial<Record<Name, T>> {
  if (value === undefined) return {};
  const made: Partial<Record<Name, T>> = {};
  made[name] = read(value, `${path}.${name}`);
  return made;
}

const HOST_FIELDS = [
  'hostId',
  'hostName',
  'state',
  'service',
  'mode',
  'cpuCores',
  'memoryBytes',
  'networkBytesPerSecond',
  'diskBytesPerSecond',
  'load',
  'memoryAllocatedBytes',
  'hot',
  'settlingUntilMs',
  'traits',
  'watts',
  'migrationsIn',
  'migrationsOut',
];

function readHost(value: unknown, path: string): SnapshotHost {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, HOST_FIELDS);
  return {
    hostId: id(fields['hostId'], `${path}.hostId`),
    hostName: id(fields['hostName'], `${path}.hostName`),
    state: oneOf('ready', 'unknown', 'stale')(fields['state'], `${path}.state`),
    service: oneOf('in_service', 'draining')(fields['service'], `${path}.service`),
    ...optional('mode', fields['mode'], readMode, path),
    cpuCores: size(fields['cpuCores'], `${path}.cpuCores`),
    memoryBytes: size(fields['memoryBytes'], `${path}.memoryBytes`),
    ...optional('networkBytesPerSecond', fields['networkBytesPerSecond'], size, path),
    ...optional('diskBytesPerSecond', fields['diskBytesPerSecond'], size, path),
    load: readLoad(fields['load'], `${path}.load`),
    memoryAllocatedBytes: amount(fields['memoryAllocatedBytes'], `${path}.memoryAllocatedBytes`),
    ...optional('hot', fields['hot'], list(readHotSpot), path),
    ...optional('settlingUntilMs', fields['settlingUntilMs'], amount, path),
    traits: list(id)(fields['traits'], `${path}.traits`),
    ...optional('watts', fields['watts'], readWatts, path),
    migrationsIn: count(fields['migrationsIn'], `${path}.migrationsIn`),
    migrationsOut: count(fields['migrationsOut'], `${path}.migrationsOut`),
  };
}

function readWatts(value: unknown, path: string): number[] {
  const watts = list(amount)(value, path);
  if (watts.length < 2) throw new InvalidJson(path, 'two watts or more, from idle to full', value);
  return watts;
}

function readLoad(value: unknown, path: string): LoadFigures {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, LOAD_RESOURCES);
  return {
    cpu: readFigures(fields['cpu'], `${path}.cpu`),
    memory: readFigures(fields['memory'], `${path}.memory`),
    ...optional('network', fields['network'], readFigures, path),
    ...optional('disk', fields['disk'], readFigures, path),
  };
}

function readFigures(value: unknown, path: string): Figures {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['now', 'peak', 'forecast']);
  return {
    now: amount(fields['now'], `${path}.now`),
    peak: amount(fields['peak'], `${path}.peak`),
    forecast: amount(fields['forecast'], `${path}.forecast`),
  };
}

function readUsual(value: unknown, path: string): UsualLoad {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['meanCores', 'deviationCores', 'samples']);
  return {
    meanCores: amount(fields['meanCores'], `${path}.meanCores`),
    deviationCores: amount(fields['deviationCores'], `${path}.deviationCores`),
    samples: count(fields['samples'], `${path}.samples`),
  };
}

function readHotSpot(value: unknown, path: string): HotSpot {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['resource', 'sinceMs', 'level', 'evidence']);
  return {
    resource: oneOf(...LOAD_RESOURCES)(fields['resource'], `${path}.resource`),
    sinceMs: amount(fields['sinceMs'], `${path}.sinceMs`),
    level: oneOf('hot', 'critical')(fields['level'], `${path}.level`),
    evidence: text(fields['evidence'], `${path}.evidence`),
  };
}

const VM_FIELDS = [
  'uuid',
  'name',
  'hostId',
  'vcpus',
  'memoryMaxBytes',
  'load',
  'usualCpu',
  'dirtyBytesPerSecond',
  'needs',
  'held',
  'refusedTargets',
  'leftHosts',
  'mode',
];

function readVm(value: unknown, path: string): SnapshotVm {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, VM_FIELDS);
  return {
    uuid: id(fields['uuid'], `${path}.uuid`),
    name: id(fields['name'], `${path}.name`),
    hostId: id(fields['hostId'], `${path}.hostId`),
    vcpus: count(fields['vcpus'], `${path}.vcpus`),
    memoryMaxBytes: amount(fields['memoryMaxBytes'], `${path}.memoryMaxBytes`),
    load: readLoad(fields['load'], `${path}.load`),
    ...optional('usualCpu', fields['usualCpu'], readUsual, path),
    ...optional('dirtyBytesPerSecond', fields['dirtyBytesPerSecond'], amount, path),
    ...optional('needs', fields['needs'], list(id), path),
    ...optional('held', fields['held'], readHold, path),
    ...optional('refusedTargets', fields['refusedTargets'], list(readRefusedTarget), path),
    ...optional('leftHosts', fields['leftHosts'], list(readLeftHost), path),
    ...optional('mode', fields['mode'], readMode, path),
  };
}

function readHold(value: unknown, path: string): Hold {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['code', 'reason', 'cure', 'untilMs', 'against']);
  return {
    code: id(fields['code'], `${path}.code`),
    reason: text(fields['reason'], `${path}.reason`),
    cure: text(fields['cure'], `${path}.cure`),
    ...optional('untilMs', fields['untilMs'], amount, path),
    against: oneOf('every_move', 'optional_moves')(fields['against'], `${path}.against`),
  };
}

function readRefusedTarget(
  value: unknown,
  path: string,
): { hostId: string; reason: string; untilMs: number } {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['hostId', 'reason', 'untilMs']);
  return {
    hostId: id(fields['hostId'], `${path}.hostId`),
    reason: text(fields['reason'], `${path}.reason`),
    untilMs: amount(fields['untilMs'], `${path}.untilMs`),
  };
}

function readLeftHost(value: unknown, path: string): { hostId: string; atMs: number } {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['hostId', 'atMs']);
  return {
    hostId: id(fields['hostId'], `${path}.hostId`),
    atMs: amount(fields['atMs'], `${path}.atMs`),
  };
}

function readRule(value: unknown, path: string): SnapshotRule {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['id', 'kind', 'strength', 'vms', 'hosts', 'writtenIn']);
  return {
    id: id(fields['id'], `${path}.id`),
    kind: oneOf(...RULE_KINDS)(fields['kind'], `${path}.kind`),
    strength: oneOf(...RULE_STRENGTHS)(fields['strength'], `${path}.strength`),
    vms: list(id)(fields['vms'], `${path}.vms`),
    hosts: list(id)(fields['hosts'], `${path}.hosts`),
    writtenIn: text(fields['writtenIn'], `${path}.writtenIn`),
  };
}

function readMigration(value: unknown, path: string): SnapshotMigration {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['vmUuid', 'sourceHostId', 'targetHostId']);
  return {
    vmUuid: id(fields['vmUuid'], `${path}.vmUuid`),
    sourceHostId: id(fields['sourceHostId'], `${path}.sourceHostId`),
    targetHostId: id(fields['targetHostId'], `${path}.targetHostId`),
  };
}

function readPending(value: unknown, path: string): PendingVm {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['id', 'name', 'vcpus', 'memoryMaxBytes', 'needs']);
  return {
    id: id(fields['id'], `${path}.id`),
    name: id(fields['name'], `${path}.name`),
    vcpus: count(fields['vcpus'], `${path}.vcpus`),
    memoryMaxBytes: amount(fields['memoryMaxBytes'], `${path}.memoryMaxBytes`),
    ...optional('needs', fields['needs'], list(id), path),
  };
}

function readBudgets(value: unknown, path: string): Budgets {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, ['moves', 'bytes']);
  return {
    ...optional('moves', fields['moves'], count, path),
    ...optional('bytes', fields['bytes'], amount, path),
  };
}

/** Ids are unique, and a VM's host is known; rules may name what is not there: it may come later. */
function checkIds({ hosts, vms }: Snapshot, path: string): void {
  const hostIds = new Set<string>();
  hosts.forEach(({ hostId }, at) => {
    if (hostIds.has(hostId)) throw new InvalidJson(`${path}.hosts[${at}].hostId`, 'of one host only', hostId);
    hostIds.add(hostId);
  });
  const uuids = new Set<string>();
  vms.forEach(({ uuid, hostId }, at) => {
    if (uuids.has(uuid)) throw new InvalidJson(`${path}.vms[${at}].uuid`, 'of one VM only', uuid);
    if (!hostIds.has(hostId))
      throw new InvalidJson(`${path}.vms[${at}].hostId`, 'the hostId of a listed host', hostId);
    uuids.add(uuid);
  });
}
