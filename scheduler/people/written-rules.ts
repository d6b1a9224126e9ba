// Rules as people write them in scheduler.yaml: read strictly, so that a misspelt key is an error and no rule that is not kept.
import { RULE_KINDS, RULE_STRENGTHS } from '../../shared/rule-words.ts';
import {
  fieldsOf,
  id,
  InvalidJson,
  list,
  oneOf,
  refuseOthers,
  text,
} from '../planner/contract/json-fields.ts';
import { ruleOf, ruleProblem, type WrittenRule } from './rules.ts';

const FIELDS = ['id', 'kind', 'strength', 'vms', 'hosts', 'comment'];

const readKind = oneOf(...RULE_KINDS);
const readStrength = oneOf(...RULE_STRENGTHS);

/** Throws an error that names the place and what is wrong there. */
export function readWrittenRules(value: unknown): WrittenRule[] {
  const rules = list(readRule)(value, 'rules');
  const twice = rules.find(({ id: each }, at) => rules.findIndex((other) => other.id === each) !== at);
  if (twice !== undefined) throw new InvalidJson('rules', 'a list in which each id stands once', twice.id);
  return rules;
}

function readRule(value: unknown, path: string): WrittenRule {
  const fields = fieldsOf(value, path);
  refuseOthers(fields, path, FIELDS);
  const names = (name: 'vms' | 'hosts'): string[] => list(id)(fields[name] ?? [], `${path}.${name}`);
  const rule = {
    id: id(fields['id'], `${path}.id`),
    kind: readKind(fields['kind'], `${path}.kind`),
    strength: readStrength(fields['strength'] ?? 'must', `${path}.strength`),
    vms: names('vms'),
    hosts: names('hosts'),
    comment: text(fields['comment'] ?? '', `${path}.comment`),
  };
  const problem = ruleProblem(ruleOf(rule, '', 0));
  if (problem !== undefined) throw new Error(`${path} ("${rule.id}"): ${problem}`);
  return rule;
}
