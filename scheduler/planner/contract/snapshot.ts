// Defines the snapshot: everything a plan depends on, as plain data.
//
// The same snapshot, policy and limits give the same plan, byte for byte. Bytes, cores, milliseconds and ratios only.
// Optional fields may be left out of the JSON; docs/PLANNER.md has the whole format as a table. The schemas check it
// strictly, so that a figure in the wrong unit or place is an error.
import * as v from 'valibot';
import {
  amount,
  count,
  fields,
  id,
  InvalidData,
  list,
  oneOf,
  options,
  read,
  size,
  text,
  type Described,
} from '../../../shared/outside-data.ts';
import { RULE_KINDS, RULE_STRENGTHS } from '../../../shared/rule-words.ts';
import { LOAD_RESOURCES } from './policy.ts';

export const SNAPSHOT_FORMAT = 'evenkeel-snapshot-1';

const planMode = oneOf(['observe', 'recommend', 'auto']);

/** What is done about a move: nothing; it is proposed to an operator; it is carried out. */
export type PlanMode = Described<typeof planMode>;

const figures = fields({
  /** Mean of the last k samples. */
  now: amount,
  /** A high percentile of the window: what a target must be ready for. */
  peak: amount,
  /** Expected when a migration would end, with the forecast's error on top; equals `now` where there is no forecast. */
  forecast: amount,
});

/** One resource of a host or a VM, in cores, bytes or bytes a second. It is demand, so it may exceed the capacity. */
export type Figures = Described<typeof figures>;

const loadFigures = fields({
  cpu: figures,
  memory: figures,
  network: v.exactOptional(figures),
  disk: v.exactOptional(figures),
});

/** Network and disk only where they are known. */
export type LoadFigures = Described<typeof loadFigures>;

const hotSpot = fields({
  resource: oneOf(LOAD_RESOURCES),
  sinceMs: amount,
  level: oneOf(['hot', 'critical']),
  /** The samples that show it, in words. */
  evidence: text,
});

/** A resource that has been too full for long enough to be acted on. */
export type HotSpot = Described<typeof hotSpot>;

const snapshotHost = fields({
  hostId: id,
  hostName: id,
  state: oneOf(['ready', 'unknown', 'stale']),
  /** A draining host gives away all its VMs and takes none: it is in maintenance, or being retired. */
  service: oneOf(['in_service', 'draining']),
  mode: v.exactOptional(planMode),
  cpuCores: size,
  memoryBytes: size,
  /** Capacity in each direction; without it the network is ignored. */
  networkBytesPerSecond: v.exactOptional(size),
  diskBytesPerSecond: v.exactOptional(size),
  /** Of the whole host: its VMs and its own use. Arriving VMs are not included, see `migrations`. */
  load: loadFigures,
  /** What all its VMs may grow to, incoming copies among them. */
  memoryAllocatedBytes: amount,
  /** Empty: not hot. Absent: judged by the entry levels from `load.now`. */
  hot: v.exactOptional(list(hotSpot)),
  /** Until then its figures do not show the VMs that have just come or gone. */
  settlingUntilMs: v.exactOptional(amount),
  /** What VMs may ask for in `needs`: "arch:x86_64", "pool:shared", "network:lan", "bridge:br0", ... */
  traits: list(id),
  /** Watts at evenly spaced CPU loads from idle to full, two or more. */
  watts: v.exactOptional(v.pipe(list(amount), v.minLength(2, 'two watts or more, from idle to full'))),
  migrationsIn: count,
  migrationsOut: count,
});

export type SnapshotHost = Described<typeof snapshotHost>;

const hold = fields({
  code: id,
  reason: text,
  cure: text,
  untilMs: v.exactOptional(amount),
  /** A VM that is cooling down may still leave a host that must be emptied; one that is migrating may not. */
  against: oneOf(['every_move', 'optional_moves']),
});

/** Why a VM stays where it is. */
export type Hold = Described<typeof hold>;

const usualLoad = fields({
  meanCores: amount,
  /** Standard deviation of its samples around that mean. */
  deviationCores: amount,
  samples: count,
});

/** CPU of one VM over the period that packing looks back on, in cores. */
export type UsualLoad = Described<typeof usualLoad>;

const snapshotVm = fields({
  uuid: id,
  name: id,
  hostId: id,
  vcpus: count,
  /** What it may grow to. */
  memoryMaxBytes: amount,
  load: loadFigures,
  /** CPU over a long run, for packing; without it `load.cpu` is used. */
  usualCpu: v.exactOptional(usualLoad),
  dirtyBytesPerSecond: v.exactOptional(amount),
  /** Traits that its host must have. */
  needs: v.exactOptional(list(id)),
  held: v.exactOptional(hold),
  refusedTargets: v.exactOptional(list(fields({ hostId: id, reason: text, untilMs: amount }))),
  /** Hosts that it left recently: it does not go back unless it must. */
  leftHosts: v.exactOptional(list(fields({ hostId: id, atMs: amount }))),
  mode: v.exactOptional(planMode),
});

export type SnapshotVm = Described<typeof snapshotVm>;

const snapshotRule = fields({
  id,
  kind: oneOf(RULE_KINDS),
  strength: oneOf(RULE_STRENGTHS),
  /** uuids; of `pending` VMs, their ids. */
  vms: list(id),
  /** hostIds. */
  hosts: list(id),
  /** Where an operator finds it: "scheduler.yaml", "metadata of web1", "evenkeel rule". */
  writtenIn: text,
});

export type SnapshotRule = Described<typeof snapshotRule>;

const snapshotMigration = fields({ vmUuid: id, sourceHostId: id, targetHostId: id });

/** A migration under way, whoever ordered it. */
export type SnapshotMigration = Described<typeof snapshotMigration>;

const pendingVm = fields({
  id,
  name: id,
  vcpus: count,
  memoryMaxBytes: amount,
  needs: v.exactOptional(list(id)),
});

/** A new VM that fits on no host at present. */
export type PendingVm = Described<typeof pendingVm>;

/** What may still be moved in this hour; without a figure there is no limit. */
const budgets = options({ moves: v.exactOptional(count), bytes: v.exactOptional(amount) });

const snapshot = fields({
  format: oneOf([SNAPSHOT_FORMAT]),
  atMs: amount,
  mode: planMode,
  hosts: list(snapshotHost),
  vms: list(snapshotVm),
  rules: list(snapshotRule),
  migrations: list(snapshotMigration),
  pending: list(pendingVm),
  budgets,
  /** Why nothing but evacuations may move now, for example a quiet window. */
  quietReason: v.exactOptional(text),
});

export type Snapshot = Described<typeof snapshot>;

/** Reads a snapshot from an untrusted source. Throws InvalidData, whose message names the field, what it must be and what it is. */
export function readSnapshot(json: unknown): Snapshot {
  const path = 'snapshot';
  const made = read(snapshot, json, path);
  checkIds(made, path);
  return made;
}

/** Checks that ids are unique and that each VM's host is listed. Rules may name VMs and hosts that do not exist yet. */
function checkIds({ hosts, vms }: Snapshot, path: string): void {
  const hostIds = new Set<string>();
  hosts.forEach(({ hostId }, at) => {
    if (hostIds.has(hostId)) throw new InvalidData(`${path}.hosts[${at}].hostId`, 'of one host only', hostId);
    hostIds.add(hostId);
  });
  const uuids = new Set<string>();
  vms.forEach(({ uuid, hostId }, at) => {
    if (uuids.has(uuid)) throw new InvalidData(`${path}.vms[${at}].uuid`, 'of one VM only', uuid);
    if (!hostIds.has(hostId))
      throw new InvalidData(`${path}.vms[${at}].hostId`, 'the hostId of a listed host', hostId);
    uuids.add(uuid);
  });
}

/** VMs have just come to the host or left it, and its figures do not show it yet. */
export function isSettling({ atMs }: Snapshot, { settlingUntilMs = 0 }: SnapshotHost): boolean {
  return settlingUntilMs > atMs;
}
