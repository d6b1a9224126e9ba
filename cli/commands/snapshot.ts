// `evenkeel snapshot`: prints all that a plan depends on, as JSON to keep, to plan from offline, or to send to someone.
import type { Command } from 'commander';
import type { Run } from '../context.ts';

// A thousand hosts with 20,000 VMs are planned within a second; making the JSON takes as long again.
const SNAPSHOT_TIMEOUT_MS = 30_000;

export function addSnapshotCommand(program: Command, run: Run): void {
  program
    .command('snapshot')
    .summary('print all that a plan depends on, as JSON')
    .description(
      'Prints the cluster as the planner sees it now, as JSON (docs/PLANNER.md has the format). With --record also the policy, the limits and the plan made from it, for "evenkeel replay".',
    )
    .option('--record', 'include policy, limits and plan', false)
    .action(async ({ record }: { record: boolean }, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, terminal }) => {
        const { json } = await scheduler.call(
          { what: 'take a snapshot', method: ({ TakeSnapshot }) => TakeSnapshot, request: {} },
          timeoutMs(SNAPSHOT_TIMEOUT_MS),
        );
        const text = json.toString('utf8');
        terminal.write(`${record ? text : snapshotOf(text)}\n`);
      });
    });
}

function snapshotOf(record: string): string {
  const value: unknown = JSON.parse(record);
  const snapshot =
    typeof value === 'object' && value !== null && 'snapshot' in value ? value.snapshot : value;
  return JSON.stringify(snapshot);
}
