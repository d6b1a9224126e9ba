// `evenkeel replay FILE`: makes a plan again from its record, offline.
import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import type { Plan } from '../../scheduler/planner/contract/plan-types.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { comparisonText, madePlanText } from '../render/made-plan.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ReplayOptions {
  readonly policy?: string;
}

export function addReplayCommand(program: Command, terminal: Terminal): void {
  program
    .command('replay')
    .summary('make a plan again from its record, offline')
    .description(
      'Makes the plan of a record again and compares it byte for byte with the recorded one; fails when they differ. A bare snapshot is planned with the policy of a new installation. Needs no scheduler.',
    )
    .argument('<file>', 'from "evenkeel decisions ID --record" or "evenkeel snapshot [--record]"')
    .option('--policy <file>', 'compare with the plan of another policy: JSON with only what differs')
    .action(async (file: string, { policy }: ReplayOptions, command: Command) => {
      const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
      await replay(terminal, json, file, policy);
    });
}

async function replay(
  terminal: Terminal,
  json: boolean,
  file: string,
  policyFile: string | undefined,
): Promise<void> {
  // Loaded here, so that only this command waits for the planner.
  const { comparePlans, planMoves, readPlanFile, readPolicyFile } = await import('../offline-planner.ts');
  const view = terminal.view();
  const record = readPlanFile(file);
  const plan = planMoves(record.snapshot, record.policy, record.limits);
  if (policyFile !== undefined) {
    const shadow = planMoves(record.snapshot, readPolicyFile(policyFile, record.policy), record.limits);
    const comparison = comparePlans(plan, shadow);
    terminal.write(`${json ? JSON.stringify(comparison) : comparisonText(view, plan, shadow, comparison)}\n`);
    return;
  }
  const same = record.plan === undefined ? undefined : JSON.stringify(record.plan) === JSON.stringify(plan);
  if (same === false) throw differs(file, plan);
  const verdict =
    same === undefined
      ? 'This is a bare snapshot: there is no plan to compare with.'
      : `The same plan, byte for byte (SHA-256 ${digest(plan)}).`;
  terminal.write(
    json
      ? `${JSON.stringify({ same: same ?? null, sha256: digest(plan), plan })}\n`
      : `${madePlanText(view, plan)}\n\n${verdict}\n`,
  );
}

function differs(file: string, plan: Plan): CliFailure {
  return new CliFailure(
    'INTERNAL',
    EXIT.FAILED,
    `${file}: the plan made now differs from the recorded one; was the file written by another version of evenkeel, or edited?`,
    { plan },
  );
}

function digest(plan: Plan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16);
}
