// Prepares placement rules for the planner, from the three places where operators write them. Pure.
import type { Rule } from '../../shared/gen/scheduler.ts';
import type { PlacementRule } from '../../shared/gen/telemetry.ts';
import {
  RULE_KINDS,
  ruleKindOf,
  ruleStrengthOf,
  wireKindOf,
  wireStrengthOf,
  type RuleKind,
  type RuleStrength,
} from '../../shared/rule-words.ts';
import type { ClusterView, VmView } from '../cluster/view.ts';
import type { SnapshotRule } from '../planner/contract/snapshot.ts';

/** A rule as operators write it, in scheduler.yaml and on the command line. */
export interface WrittenRule {
  readonly id: string;
  readonly kind: RuleKind;
  readonly strength: RuleStrength;
  readonly vms: readonly string[];
  readonly hosts: readonly string[];
  readonly comment: string;
}

export function ruleOf(written: WrittenRule, writtenIn: string, writtenAtMs: number): Rule {
  return {
    ruleId: written.id,
    kind: wireKindOf(written.kind),
    strength: wireStrengthOf(written.strength),
    vms: [...written.vms],
    hosts: [...written.hosts],
    writtenIn,
    writtenAtMs,
    comment: written.comment,
    unknown: [],
  };
}

/** The error in the rule itself; undefined when there is none. */
export function ruleProblem(rule: Pick<Rule, 'kind' | 'strength' | 'vms' | 'hosts'>): string | undefined {
  const kind = ruleKindOf(rule.kind);
  if (kind === undefined) return `kind: must be one of ${RULE_KINDS.join(', ')}`;
  if (rule.strength === 'RULE_STRENGTH_UNSPECIFIED') return 'strength: must be must or should';
  const vmsMin = isAmongVms(kind) ? 2 : 1;
  if (new Set(rule.vms).size < vmsMin) return `vms: ${kind} needs at least ${vmsMin}`;
  const takesHosts = kind === 'vm_to_host' || kind === 'vm_not_to_host' || kind === 'pin';
  if (!takesHosts && rule.hosts.length > 0) return `hosts: ${kind} is about VMs alone; leave them out`;
  if (takesHosts && kind !== 'pin' && rule.hosts.length === 0) return `hosts: ${kind} needs at least 1`;
  return undefined;
}

function isAmongVms(kind: RuleKind): boolean {
  return kind === 'affinity' || kind === 'anti_affinity' || kind === 'group';
}

/** The rules in the metadata of the running VMs; those that name the same group become one rule. */
export function metadataRules(view: ClusterView): Rule[] {
  const rules = new Map<string, Rule>();
  const ruled = [...view.vms.values()].filter((vm) => placementOf(vm).length > 0);
  for (const vm of ruled.sort((a, b) => (a.uuid < b.uuid ? -1 : 1)))
    placementOf(vm).forEach((place, index) => {
      const id = metadataId(place, vm, index);
      const before = rules.get(id);
      rules.set(id, before === undefined ? metadataRule(id, place, vm) : withVm(before, vm));
    });
  return [...rules.values()].filter((rule) => ruleProblem(rule) === undefined);
}

function placementOf({ sample }: VmView): readonly PlacementRule[] {
  return sample.metadata?.rules?.placement ?? [];
}

function metadataId({ kind, strength, group }: PlacementRule, vm: VmView, index: number): string {
  const word = ruleKindOf(kind);
  if (word === undefined || !isAmongVms(word)) return `metadata:${vm.uuid}:${index}`;
  return `metadata:${word}:${ruleStrengthOf(strength) ?? 'must'}:${group}`;
}

function metadataRule(ruleId: string, { kind, strength, hosts }: PlacementRule, vm: VmView): Rule {
  return {
    ...{ ruleId, kind, strength, hosts },
    vms: [vm.uuid],
    writtenIn: `metadata of ${vm.sample.name}`,
    writtenAtMs: 0,
    comment: '',
    unknown: [],
  };
}

function withVm(rule: Rule, vm: VmView): Rule {
  return { ...rule, vms: [...rule.vms, vm.uuid], writtenIn: `${rule.writtenIn}, ${vm.sample.name}` };
}

export interface ResolvedRules {
  /** With ids in place of names; without rules that have too few known names left to mean anything. */
  readonly rules: SnapshotRule[];
  /** Unknown names in each rule, by rule id. */
  readonly unknown: ReadonlyMap<string, string[]>;
}

/** Replaces names by ids, as the view shows them now. A name that two VMs share means both, so no rule gets weaker. */
export function resolveRules(view: ClusterView, rules: readonly Rule[]): ResolvedRules {
  if (rules.length === 0) return { rules: [], unknown: new Map() };
  const vmIds = idsByName([...view.vms.values()].map(({ uuid, sample }) => [uuid, sample.name]));
  const hostIds = idsByName([...view.hosts.values()].map(({ hostId, hostName }) => [hostId, hostName]));
  const unknown = new Map<string, string[]>();
  const resolved = rules.flatMap((rule): SnapshotRule[] => {
    const kind = ruleKindOf(rule.kind);
    if (kind === undefined) return [];
    const missing: string[] = [];
    const found = {
      vms: idsOf(vmIds, rule.vms, missing),
      hosts: idsOf(hostIds, rule.hosts, missing),
    };
    if (missing.length > 0) unknown.set(rule.ruleId, missing);
    if (found.vms.length < (isAmongVms(kind) ? 2 : 1)) return [];
    // None of its hosts is known, so there is nothing to keep away from.
    if (kind === 'vm_not_to_host' && found.hosts.length === 0) return [];
    const strength = ruleStrengthOf(rule.strength) ?? 'must';
    // A host that is gone stays the only one allowed: the planner does not know its name, so the VM stays.
    const hosts = rule.hosts.length > 0 && found.hosts.length === 0 ? [...rule.hosts] : found.hosts;
    return [{ id: rule.ruleId, kind, strength, vms: found.vms, hosts, writtenIn: rule.writtenIn }];
  });
  return { rules: resolved, unknown };
}

type IdsByName = ReadonlyMap<string, readonly string[]>;

function idsByName(named: readonly (readonly [id: string, name: string])[]): IdsByName {
  const ids = new Map<string, string[]>();
  for (const [id, name] of named) {
    ids.set(id, [id]);
    ids.set(name, [...(ids.get(name) ?? []), id]);
  }
  return ids;
}

function idsOf(ids: IdsByName, names: readonly string[], missing: string[]): string[] {
  const found = names.flatMap((name) => {
    const known = ids.get(name) ?? [];
    if (known.length === 0) missing.push(name);
    return known;
  });
  return [...new Set(found)].sort();
}
