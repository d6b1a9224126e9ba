// Collects all placement rules, from the settings, the VMs' metadata and "evenkeel rule", and stores the latter.
import { EvenkeelError } from '../../shared/errors.ts';
import type { Rule } from '../../shared/gen/scheduler.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { Shelf } from '../store/shelf.ts';
import { metadataRules, resolveRules, type ResolvedRules } from './rules.ts';

// Rules are written by hand; instead of more than this, use one rule with a group in the metadata.
export const RULES_MAX = 1_000;
export const WRITTEN_BY_COMMAND = 'evenkeel rule';

export class RuleBook {
  readonly #shelf: Shelf<Rule>;
  readonly #fromSettings: readonly Rule[];

  constructor(shelf: Shelf<Rule>, fromSettings: readonly Rule[], onChange: () => void) {
    this.#shelf = shelf;
    this.#fromSettings = fromSettings;
    shelf.onChange = onChange;
  }

  /** Every rule, with names as they were written. */
  all(view: ClusterView): Rule[] {
    return [...this.#fromSettings, ...this.#shelf.list(), ...metadataRules(view)];
  }

  resolved(view: ClusterView): ResolvedRules {
    return resolveRules(view, this.all(view));
  }

  async put(rule: Rule): Promise<void> {
    if (this.#fromSettings.some(({ ruleId }) => ruleId === rule.ruleId))
      throw new EvenkeelError(
        'ALREADY_EXISTS',
        `rule_id: "${rule.ruleId}" is a rule in scheduler.yaml; choose another id`,
      );
    await this.#shelf.put(rule.ruleId, rule);
  }

  /** Removes a rule that was added by command; others are removed where they are written. Throws NOT_FOUND, FAILED_PRECONDITION. */
  async remove(ruleId: string, view: ClusterView): Promise<Rule> {
    const rule = this.#shelf.get(ruleId);
    if (rule !== undefined) {
      await this.#shelf.remove(ruleId);
      return rule;
    }
    const elsewhere = this.all(view).find((each) => each.ruleId === ruleId);
    if (elsewhere === undefined)
      throw new EvenkeelError('NOT_FOUND', `rule_id: no rule "${ruleId}"; see "evenkeel rule list"`);
    throw new EvenkeelError(
      'FAILED_PRECONDITION',
      `rule_id: "${ruleId}" is written in ${elsewhere.writtenIn}; remove it there`,
    );
  }
}
