// Serves rules about where VMs run: lists them with conflicts, adds those that can hold, removes them.
import { EvenkeelError, invalidField } from '../../shared/errors.ts';
import type {
  AddRuleRequest,
  AddRuleResponseInput,
  ListRulesResponseInput,
  RemoveRuleRequest,
  RemoveRuleResponseInput,
  Rule,
  RuleConflict,
} from '../../shared/gen/scheduler.ts';
import { WRITTEN_BY_COMMAND } from '../people/rule-book.ts';
import { resolveRules, ruleProblem } from '../people/rules.ts';
import type { Core } from '../core.ts';
import type { Conflict } from '../planner/contract/plan-types.ts';
import type { Snapshot } from '../planner/contract/snapshot.ts';

// The id becomes part of a key in JetStream.
const RULE_ID = /^[A-Za-z0-9][\w.-]{0,62}$/;
// As many as an operator reads and a message holds.
const NAMES_MAX = 500;
const COMMENT_MAX = 500;

export function listRules(core: Core): ListRulesResponseInput {
  const { rules, view, planning } = core;
  const { unknown } = rules.resolved(view);
  const snapshot = planning.snapshot();
  const { conflicts } = planning.plan(snapshot);
  return {
    rules: rules.all(view).map((rule) => ({ ...rule, unknown: unknown.get(rule.ruleId) ?? [] })),
    conflicts: conflictsOf(snapshot, conflicts),
  };
}

/** Throws FAILED_PRECONDITION, naming the other rules, for a must-rule that conflicts with them. */
export async function addRule(core: Core, { rule: asked }: AddRuleRequest): Promise<AddRuleResponseInput> {
  const rule = checkRule(core, asked);
  const { rules, view, planning } = core;
  const others = rules.all(view).filter(({ ruleId }) => ruleId !== rule.ruleId);
  const { rules: resolved, unknown } = resolveRules(view, [...others, rule]);
  const conflicts = planning
    .plan(planning.snapshot({ rules: resolved }))
    .conflicts.filter(({ ruleIds }) => ruleIds.includes(rule.ruleId));
  const [first] = conflicts;
  if (first !== undefined && rule.strength === 'RULE_STRENGTH_MUST')
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      conflicts.map(({ reason, cure }) => `${reason} (${cure})`).join('; '),
    );
  await rules.put(rule);
  core.planBell.ring();
  return { rule: { ...rule, unknown: unknown.get(rule.ruleId) ?? [] } };
}

export async function removeRule(
  core: Core,
  { ruleId }: RemoveRuleRequest,
): Promise<RemoveRuleResponseInput> {
  if (ruleId === '') throw invalidField('rule_id', 'must be the id of a rule; see "evenkeel rule list"');
  const rule = await core.rules.remove(ruleId, core.view);
  core.planBell.ring();
  return { rule };
}

function checkRule({ clock, newId }: Core, asked: Rule | null): Rule {
  if (asked === null) throw invalidField('rule', 'must be a rule');
  const ruleId = asked.ruleId === '' ? `rule-${newId().slice(0, 8)}` : asked.ruleId;
  if (!RULE_ID.test(ruleId))
    throw invalidField(
      'rule.rule_id',
      'must be 1 to 63 letters, digits, ".", "_" or "-", the first a letter or digit',
    );
  const problem = ruleProblem(asked);
  if (problem !== undefined) throw invalidField('rule', problem);
  if (asked.vms.length + asked.hosts.length > NAMES_MAX)
    throw invalidField('rule', `must name at most ${NAMES_MAX} VMs and hosts`);
  const comment = asked.comment.slice(0, COMMENT_MAX);
  return {
    ...asked,
    ruleId,
    comment,
    writtenIn: WRITTEN_BY_COMMAND,
    writtenAtMs: clock.nowMs(),
    unknown: [],
  };
}

/** Conflicts as messages, with the names of the VMs. */
export function conflictsOf({ vms }: Snapshot, conflicts: readonly Conflict[]): RuleConflict[] {
  return conflicts.map(({ code, reason, cure, ruleIds, vmUuids }) => ({
    ...{ code, reason, cure },
    ruleIds: [...ruleIds],
    vms: vmUuids.map((uuid) => vms.find((vm) => vm.uuid === uuid)?.name ?? uuid),
  }));
}
