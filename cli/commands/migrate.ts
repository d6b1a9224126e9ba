// `evenkeel migrate`, `migrations` and `abort`: order and follow a live migration, list them, stop one.
import type { Command } from 'commander';
import type { Run } from '../context.ts';
import { follow, migrationFailure } from '../scheduler/follow.ts';
import { byId, wholeNumber } from './options.ts';
import { shortId } from '../render/format.ts';
import { isEnded, migrationResult, migrationTable } from '../render/migration.ts';

// A screenful by default; the scheduler returns at most LIST_MAX.
const LIST_LENGTH = 20;
const LIST_MAX = 1_000;
// libvirt answers an abort only when QEMU notices it, which may take one pass over memory.
const ABORT_TIMEOUT_MS = 30_000;

export function addMigrationCommands(program: Command, run: Run): void {
  addMigrate(program, run);
  addMigrations(program, run);
  addAbort(program, run);
}

function addMigrate(program: Command, run: Run): void {
  program
    .command('migrate')
    .summary('move a VM live to another host')
    .description(
      'Moves a running VM to another host without stopping it, and shows its progress. Ctrl-C stops watching, not the migration.',
    )
    .argument('<vm>', 'name or uuid')
    .option('--to <host>', 'target, by name or id; without it the scheduler chooses the best')
    .option('--no-wait', 'return once the scheduler has accepted it')
    .action(async (vm: string, { to, wait }: { to?: string; wait: boolean }, command: Command) => {
      await run(command, async (context) => {
        const migration = await follow(context, { vm, targetHost: to ?? '', waits: wait });
        if (isEnded(migration) && migration.state !== 'MIGRATION_STATE_SUCCEEDED')
          throw migrationFailure(context, migration);
        context.show(migration, (view) =>
          isEnded(migration)
            ? migrationResult(view, migration)
            : `${migrationResult(view, migration)}\nIt is migration ${shortId(migration.migrationId)}; see it with: evenkeel migrations --active`,
        );
      });
    });
}

function addMigrations(program: Command, run: Run): void {
  program
    .command('migrations')
    .summary('migrations, newest first')
    .description('Migrations, newest first: active ones and those that ended.')
    .option('--active', 'only active ones', false)
    .option('--limit <n>', 'how many', wholeNumber(1, LIST_MAX), LIST_LENGTH)
    .action(async ({ active, limit }: { active: boolean; limit: number }, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const { migrations } = await scheduler.call(
          {
            what: 'list migrations',
            method: ({ ListMigrations }) => ListMigrations,
            request: { limit, activeOnly: active },
          },
          timeoutMs(),
        );
        show(migrations, (view) => {
          if (migrations.length > 0) return migrationTable(view, migrations);
          return active ? 'No migration is active.' : 'There have been no migrations yet.';
        });
      });
    });
}

function addAbort(program: Command, run: Run): void {
  program
    .command('abort')
    .summary('stop a migration; the VM stays where it is')
    .description(
      'Stops a migration that is still copying; the VM keeps running where it is. A migration that is already switching over cannot be stopped. One whose outcome is unknown or split is given up within seconds: make sure first that its VM runs on one host only.',
    )
    .argument('<migration>', 'its id or the beginning of it, or the name of the VM')
    .action(async (asked: string, _options: object, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const { migrations } = await scheduler.call(
          {
            what: 'list migrations',
            method: ({ ListMigrations }) => ListMigrations,
            request: { limit: LIST_MAX, activeOnly: true },
          },
          timeoutMs(),
        );
        const found =
          migrations.find(({ vmName }) => vmName === asked) ??
          byId(
            asked,
            migrations.map((candidate) => [candidate.migrationId, candidate]),
          );
        // Not among the active ones: the scheduler knows whether it ever existed, and says so.
        const migrationId = found?.migrationId ?? asked;
        const { migration } = await scheduler.call(
          {
            what: 'abort migration',
            method: ({ AbortMigration }) => AbortMigration,
            request: { migrationId },
            look: 'evenkeel migrations',
          },
          timeoutMs(ABORT_TIMEOUT_MS),
        );
        show(migration, (view) =>
          migration === null
            ? `Migration ${shortId(migrationId)} was asked to stop.`
            : migrationResult(view, migration),
        );
      });
    });
}
