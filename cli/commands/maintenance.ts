// `evenkeel maintenance enter|exit|list`: empties a host, keeps it empty, and shows the progress.
import type { Command } from 'commander';
import { systemClock } from '../../shared/clock.ts';
import type { Maintenance } from '../../shared/gen/scheduler.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { confirm } from '../terminal/confirm.ts';
import type { Context, Run } from '../context.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { count } from '../render/format.ts';
import { expectedText, maintenanceTable, progressText } from '../render/maintenance.ts';

// VMs leave one after another, each in seconds to minutes.
const LOOK_EVERY_MS = 2 * SECOND_MS;
// Looks in a row that must show that no VM left can leave: a host late with a sample blocks its VMs only briefly.
const STUCK_LOOKS = 3;

export function addMaintenanceCommands(program: Command, run: Run): void {
  const parent = program
    .command('maintenance')
    .summary('empty a host, and keep it empty')
    .description('Takes hosts out of service: their VMs move away in order, and none comes back until exit.');
  addEnter(parent, run);
  addExit(parent, run);
  parent
    .command('list')
    .summary('hosts in maintenance and their progress')
    .description('Hosts in maintenance: how many VMs are left, how many are moving, and which cannot leave.')
    .action(async (_options: object, command: Command) => {
      await run(command, async (context) => {
        const list = await listed(context);
        context.show(list, (view) =>
          list.length === 0 ? 'No host is in maintenance.' : maintenanceTable(view, list),
        );
      });
    });
}

interface EnterOptions {
  readonly reason?: string;
  readonly yes: boolean;
  readonly wait: boolean;
}

function addEnter(parent: Command, run: Run): void {
  parent
    .command('enter')
    .summary('move all VMs off a host')
    .description(
      'Moves all VMs off a host, in an order that finds room for each. VMs that cannot leave are named before anything moves. Ctrl-C stops watching, not the moves.',
    )
    .argument('<host>', 'name or id')
    .option('--reason <text>', 'why, shown by "evenkeel maintenance list"')
    .option('--yes', 'proceed although some VMs cannot leave', false)
    .option('--no-wait', 'return once the host is in maintenance')
    .action(async (host: string, options: EnterOptions, command: Command) => {
      await run(command, async (context) => {
        await enter(context, host, options);
      });
    });
}

async function enter(context: Context, host: string, { reason, yes, wait }: EnterOptions): Promise<void> {
  const { terminal, json } = context;
  const expected = await order(context, { host, reason: reason ?? '', checkOnly: true });
  if (!json) terminal.write(`${expectedText(terminal.view(), expected)}\n`);
  if (expected.impossible.length > 0 && !yes)
    await confirm(terminal, `${count(expected.impossible.length, 'VM')} cannot leave. Move the others?`);
  const entered = await order(context, { host, reason: reason ?? '', acceptRemaining: true });
  const last = wait ? await waitUntilDone(context, entered) : entered;
  context.show(last, (view) => progressText(view, last));
}

async function order(
  { scheduler, timeoutMs }: Context,
  request: { host: string; reason: string; checkOnly?: boolean; acceptRemaining?: boolean },
): Promise<Maintenance> {
  const { maintenance } = await scheduler.call(
    {
      what: `maintenance of ${request.host}`,
      method: ({ EnterMaintenance }) => EnterMaintenance,
      request,
      ...(request.checkOnly === true ? {} : { look: 'evenkeel maintenance list' }),
    },
    timeoutMs(),
  );
  if (maintenance !== null) return maintenance;
  throw new CliFailure('INTERNAL', EXIT.FAILED, `maintenance of ${request.host}: the answer is empty`);
}

/** Waits until no VM is left that could still leave, and prints each change. */
async function waitUntilDone(context: Context, entered: Maintenance): Promise<Maintenance> {
  const { terminal, json } = context;
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    interrupt.abort();
  };
  process.once('SIGINT', onInterrupt);
  let shown = '';
  let stuckLooks = 0;
  try {
    for (;;) {
      const now = (await listed(context)).find(({ hostId }) => hostId === entered.hostId);
      if (now === undefined) throw takenOut(entered);
      stuckLooks = isStuck(now) ? stuckLooks + 1 : 0;
      if (now.vmsLeft === 0 || stuckLooks === STUCK_LOOKS) return now;
      const text = progressText(terminal.view(), now);
      if (text !== shown && !json) terminal.writeError(`${text}\n`);
      shown = text;
      await systemClock.sleep(LOOK_EVERY_MS, interrupt.signal);
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new CliFailure(
      'INTERRUPTED',
      EXIT.INTERRUPTED,
      `no longer watching; VMs continue to leave ${entered.hostName}. See: evenkeel maintenance list. Stop it with: evenkeel maintenance exit ${entered.hostName}`,
    );
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}

// Codes of VMs that cannot leave yet: a job of libvirt's, somebody else's migration.
const PASSING_CODES: ReadonlySet<string> = new Set(['vm_busy', 'migrating']);

/** True if all VMs that are left need somebody to do something. */
function isStuck({ vmsLeft, impossible }: Maintenance): boolean {
  return vmsLeft === impossible.length && impossible.every(({ code }) => !PASSING_CODES.has(code));
}

function takenOut({ hostName }: Maintenance): CliFailure {
  return new CliFailure(
    'CANCELLED',
    EXIT.FAILED,
    `${hostName} was taken out of maintenance before it was empty`,
  );
}

async function listed({ scheduler, timeoutMs }: Context): Promise<Maintenance[]> {
  const { maintenance } = await scheduler.call(
    { what: 'list maintenance', method: ({ ListMaintenance }) => ListMaintenance, request: {} },
    timeoutMs(),
  );
  return maintenance;
}

function addExit(parent: Command, run: Run): void {
  parent
    .command('exit')
    .summary('put a host back into service')
    .description(
      'Puts a host back into service. It takes VMs again; its former VMs do not return by themselves.',
    )
    .argument('<host>', 'name or id')
    .action(async (host: string, _options: object, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const { maintenance } = await scheduler.call(
          {
            what: `maintenance of ${host}`,
            method: ({ ExitMaintenance }) => ExitMaintenance,
            request: { host },
            look: 'evenkeel maintenance list',
          },
          timeoutMs(),
        );
        show(maintenance, () => `${maintenance?.hostName ?? host} is back in service.`);
      });
    });
}
