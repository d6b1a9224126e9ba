// Writes and reads the balancer's rules in a VM's metadata: <rules neverMove="yes"><place kind="anti_affinity" group="web"/></rules>.
import type { PlacementRule, VmRules } from '../../shared/gen/telemetry.ts';
import { ruleKindOf, ruleStrengthOf, wireKindOf, wireStrengthOf } from '../../shared/rule-words.ts';
import { attribute, type XmlElement, type XmlTree } from './xml-text.ts';

// Operators write these by hand; more than this on one VM is a mistake, and every sample carries each of them.
const PLACES_MAX = 32;

/** Undefined when there are no rules to write. */
export function rulesTree(rules: VmRules | null): XmlTree | undefined {
  if (rules === null) return undefined;
  const tree: XmlTree = {
    '@neverMove': rules.neverMove ? 'yes' : undefined,
    '@downtimeMaxMs': rules.downtimeMaxMs > 0 ? String(rules.downtimeMaxMs) : undefined,
    '@postCopy': rules.postCopy ? 'yes' : undefined,
    '@controlPlane': rules.controlPlane ? 'yes' : undefined,
    place: rules.placement.length > 0 ? rules.placement.map(placeTree) : undefined,
  };
  return Object.values(tree).some((content) => content !== undefined) ? tree : undefined;
}

function placeTree({ kind, strength, group, hosts }: PlacementRule): XmlTree {
  return {
    '@kind': ruleKindOf(kind),
    '@strength': ruleStrengthOf(strength),
    '@group': group || undefined,
    '@hosts': hosts.length > 0 ? hosts.join(' ') : undefined,
  };
}

/** Invalid values read as unset, since operators may edit them by hand. A rule without a strength is a must-rule. */
export function readRules(element: XmlElement | undefined): VmRules {
  const downtimeMaxMs = Number(attribute(element, 'downtimeMaxMs') ?? 0);
  return {
    neverMove: attribute(element, 'neverMove') === 'yes',
    downtimeMaxMs: Number.isInteger(downtimeMaxMs) && downtimeMaxMs > 0 ? downtimeMaxMs : 0,
    postCopy: attribute(element, 'postCopy') === 'yes',
    controlPlane: attribute(element, 'controlPlane') === 'yes',
    placement: (element?.children ?? [])
      .filter(({ name }) => name.slice(name.indexOf(':') + 1) === 'place')
      .slice(0, PLACES_MAX)
      .flatMap(readPlace),
  };
}

function readPlace(element: XmlElement): PlacementRule[] {
  const kind = wireKindOf(attribute(element, 'kind') ?? '');
  const strength = wireStrengthOf(attribute(element, 'strength') ?? 'must');
  if (kind === 'RULE_KIND_UNSPECIFIED' || strength === 'RULE_STRENGTH_UNSPECIFIED') return [];
  const hosts = (attribute(element, 'hosts') ?? '').split(/[\s,]+/).filter((name) => name !== '');
  return [{ kind, strength, group: attribute(element, 'group') ?? '', hosts }];
}
