// Sorts rules for the search: hosts a VM may be on, VMs that stay apart, VMs that move together, wishes.
import type { Hold, Snapshot, SnapshotRule } from '../contract/snapshot.ts';

/** A rule that relates VMs to each other, by their places in the snapshot. */
export interface VmRule {
  readonly rule: SnapshotRule;
  readonly vms: readonly number[];
}

/** A wish about hosts: on one of them, or (`isAgainst`) on none. */
export interface HostWish {
  readonly hosts: ReadonlySet<number>;
  readonly isAgainst: boolean;
}

export interface Rules {
  /** Hosts a VM may be on; a VM without an entry may be on any. */
  readonly allowed: ReadonlyMap<number, AllowedHosts>;
  /** VMs that must be on one host. */
  readonly together: readonly VmRule[];
  /** VMs that must each be on a different host. */
  readonly apart: readonly VmRule[];
  /** VMs that leave their host together, while they are on the same one. */
  readonly bundles: readonly VmRule[];
  readonly wishes: {
    readonly together: readonly VmRule[];
    readonly apart: readonly VmRule[];
    readonly hosts: ReadonlyMap<number, readonly HostWish[]>;
  };
  /** VMs that rules hold where they are. */
  readonly held: ReadonlyMap<number, Hold>;
}

export interface AllowedHosts {
  readonly allows: (host: number) => boolean;
  readonly rules: readonly SnapshotRule[];
}

/** VMs and hosts that do not exist are left out: they may come later. */
export function readRules(
  snapshot: Snapshot,
  placeOfVm: ReadonlyMap<string, number>,
  placeOfHost: ReadonlyMap<string, number>,
): Rules {
  const vmRules = snapshot.rules.map((rule) => ({ rule, vms: placesOf(rule.vms, placeOfVm) }));
  const ofKind = (kind: SnapshotRule['kind'], strength: SnapshotRule['strength']): VmRule[] =>
    vmRules.filter(({ rule, vms }) => rule.kind === kind && rule.strength === strength && vms.length > 1);
  const allowed = new Map<number, AllowedHosts>();
  const hostWishes = new Map<number, HostWish[]>();
  const held = new Map<number, Hold>();
  for (const { rule, vms } of vmRules)
    for (const vm of vms) {
      if (isPinning(rule) && held.get(vm)?.against !== 'every_move') held.set(vm, holdOf(rule));
      const hosts = hostsOf(rule, snapshot, vm, placeOfHost);
      if (hosts === undefined) continue;
      const isAgainst = rule.kind === 'vm_not_to_host';
      if (rule.strength === 'should')
        hostWishes.set(vm, [...(hostWishes.get(vm) ?? []), { hosts, isAgainst }]);
      else allowed.set(vm, narrowed(allowed.get(vm), hosts, rule));
    }
  const together = ofKind('affinity', 'must');
  return {
    allowed,
    together,
    apart: ofKind('anti_affinity', 'must'),
    bundles: [...together, ...vmRules.filter(({ rule, vms }) => rule.kind === 'group' && vms.length > 1)],
    wishes: {
      together: ofKind('affinity', 'should'),
      apart: ofKind('anti_affinity', 'should'),
      hosts: hostWishes,
    },
    held,
  };
}

function placesOf(ids: readonly string[], places: ReadonlyMap<string, number>): number[] {
  return [...new Set(ids.map((each) => places.get(each)).filter((place) => place !== undefined))];
}

function isPinning({ kind }: SnapshotRule): boolean {
  return kind === 'pin' || kind === 'never_move';
}

function holdOf({ id, kind, writtenIn }: SnapshotRule): Hold {
  return kind === 'pin'
    ? {
        code: 'pinned',
        reason: `rule ${id} (${writtenIn}) pins it`,
        cure: 'remove the rule, or move it yourself: "evenkeel migrate"',
        against: 'optional_moves',
      }
    : {
        code: 'never_move',
        reason: `rule ${id} (${writtenIn}) says never_move`,
        cure: 'move it yourself: "evenkeel migrate"',
        against: 'every_move',
      };
}

/** The hosts that a rule about hosts names; undefined for other rules. A pin without hosts means the VM's present host. */
function hostsOf(
  { kind, hosts }: SnapshotRule,
  { vms }: Snapshot,
  vm: number,
  placeOfHost: ReadonlyMap<string, number>,
): ReadonlySet<number> | undefined {
  if (kind !== 'vm_to_host' && kind !== 'vm_not_to_host' && kind !== 'pin') return undefined;
  const present = vms[vm]?.hostId;
  const named = kind === 'pin' && hosts.length === 0 && present !== undefined ? [present] : hosts;
  return new Set(placesOf(named, placeOfHost));
}

function narrowed(
  before: AllowedHosts | undefined,
  hosts: ReadonlySet<number>,
  rule: SnapshotRule,
): AllowedHosts {
  const isAgainst = rule.kind === 'vm_not_to_host';
  return {
    allows: (host) => hosts.has(host) !== isAgainst && (before?.allows(host) ?? true),
    rules: [...(before?.rules ?? []), rule],
  };
}
