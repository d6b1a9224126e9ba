// Maps rule kinds and strengths between words (metadata, settings, command line, planner) and values on the wire.
import type { RuleKind as WireKind, RuleStrength as WireStrength } from './gen/telemetry.ts';

// RuleKind in telemetry.proto defines the meanings.
const KINDS = [
  ['affinity', 'RULE_KIND_AFFINITY'],
  ['anti_affinity', 'RULE_KIND_ANTI_AFFINITY'],
  ['vm_to_host', 'RULE_KIND_VM_TO_HOST'],
  ['vm_not_to_host', 'RULE_KIND_VM_NOT_TO_HOST'],
  ['pin', 'RULE_KIND_PIN'],
  ['never_move', 'RULE_KIND_NEVER_MOVE'],
  ['group', 'RULE_KIND_GROUP'],
] as const satisfies readonly (readonly [string, WireKind])[];
const STRENGTHS = [
  ['must', 'RULE_STRENGTH_MUST'],
  ['should', 'RULE_STRENGTH_SHOULD'],
] as const satisfies readonly (readonly [string, WireStrength])[];

export type RuleKind = (typeof KINDS)[number][0];
export type RuleStrength = (typeof STRENGTHS)[number][0];

export const RULE_KINDS: readonly RuleKind[] = KINDS.map(([word]) => word);
export const RULE_STRENGTHS: readonly RuleStrength[] = STRENGTHS.map(([word]) => word);

/** RULE_KIND_PIN for "pin"; unspecified for an unknown word. */
export function wireKindOf(text: string): WireKind {
  return KINDS.find(([word]) => word === text)?.[1] ?? 'RULE_KIND_UNSPECIFIED';
}

/** RULE_STRENGTH_MUST for "must"; unspecified for an unknown word. */
export function wireStrengthOf(text: string): WireStrength {
  return STRENGTHS.find(([word]) => word === text)?.[1] ?? 'RULE_STRENGTH_UNSPECIFIED';
}

/** "pin" for RULE_KIND_PIN; undefined for unspecified. */
export function ruleKindOf(wire: WireKind): RuleKind | undefined {
  return KINDS.find(([, each]) => each === wire)?.[0];
}

/** "must" for RULE_STRENGTH_MUST; undefined for unspecified. */
export function ruleStrengthOf(wire: WireStrength): RuleStrength | undefined {
  return STRENGTHS.find(([, each]) => each === wire)?.[0];
}
