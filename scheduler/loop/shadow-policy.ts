// The policy that is planned beside the one in force, from a JSON file such as "evenkeel plan --policy" reads.
import { readFileSync } from 'node:fs';
import { invalidField, messageOf } from '../../shared/errors.ts';
import { policyOf, type SchedulerSettings } from '../config.ts';
import type { PlanPolicy } from '../planner/contract/policy.ts';
import { readPolicy } from '../planner/contract/record.ts';

/** Undefined when none is named. Throws INVALID_ARGUMENT with the file and what is wrong in it. */
export function shadowPolicyOf(settings: SchedulerSettings): PlanPolicy | undefined {
  const file = settings.planner.shadowPolicyFile;
  if (file === '') return undefined;
  const inForce = readPolicy({}, policyOf(settings), 'policy');
  try {
    return readPolicy(JSON.parse(readFileSync(file, 'utf8')), inForce, 'policy');
  } catch (error) {
    throw invalidField('planner.shadowPolicyFile', `${file}: ${messageOf(error)}`);
  }
}
