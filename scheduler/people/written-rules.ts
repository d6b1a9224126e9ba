// Reads the rules in scheduler.yaml strictly: a misspelt key is an error, not a rule that is silently ignored.
import * as v from 'valibot';
import { fields, id, InvalidData, list, oneOf, read, text } from '../../shared/outside-data.ts';
import { RULE_KINDS, RULE_STRENGTHS } from '../../shared/rule-words.ts';
import { ruleOf, ruleProblem, type WrittenRule } from './rules.ts';

// A key without a value counts as absent.
const writtenRules = list(
  fields({
    id,
    kind: oneOf(RULE_KINDS),
    strength: v.nullish(oneOf(RULE_STRENGTHS), 'must'),
    vms: v.nullish(list(id), []),
    hosts: v.nullish(list(id), []),
    comment: v.nullish(text, ''),
  }),
);

/** Throws an error that names the place and the problem. */
export function readWrittenRules(value: unknown): WrittenRule[] {
  const rules = read(writtenRules, value, 'rules');
  rules.forEach((rule, at) => {
    const problem = ruleProblem(ruleOf(rule, '', 0));
    if (problem !== undefined) throw new Error(`rules[${at}] ("${rule.id}"): ${problem}`);
  });
  const twice = rules.find(({ id: each }, at) => rules.findIndex((other) => other.id === each) !== at);
  if (twice !== undefined) throw new InvalidData('rules', 'a list in which each id occurs once', twice.id);
  return rules;
}
