// `evenkeel vm …`: creates, starts, stops, removes and shows one VM; the scheduler finds its host.
import type { Command } from 'commander';
import type { Context, Run } from '../context.ts';
import { confirm } from '../terminal/confirm.ts';
import { plain, wrap } from '../render/view.ts';
import { vmSheet } from '../render/vm.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import { addCreateCommand } from './vm-create.ts';

// The agent waits for libvirt, which waits for the guest's storage.
const CHANGE_TIMEOUT_MS = MINUTE_MS;

export function addVmCommands(program: Command, run: Run): void {
  const vm = program.command('vm').summary('create, start, shutdown, destroy, undefine, show a VM');
  vm.description('Commands for one VM, by name or uuid; the scheduler finds its host.');
  addCreateCommand(vm, run);
  addShow(vm, run);
  addPower(vm, run);
  addUndefine(vm, run);
}

function addShow(parent: Command, run: Run): void {
  parent
    .command('show')
    .summary('show a VM as libvirt reports it')
    .argument('<name>', 'name or uuid')
    .option('--xml', "print libvirt's XML definition instead, without secrets", false)
    .action(async (vm: string, { xml }: { xml: boolean }, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const answer = await scheduler.call(
          { what: `show VM ${vm}`, method: ({ GetVm }) => GetVm, request: { vm, includeXml: xml } },
          timeoutMs(),
        );
        const { xml: definition, ...withoutXml } = answer;
        show(xml ? answer : withoutXml, (view) => {
          if (xml) return definition.trimEnd();
          return answer.vm === null
            ? `${vm} is on ${answer.hostName}`
            : vmSheet(view, answer.vm, answer.hostName, answer.obstacles);
        });
      });
    });
}

function addPower(parent: Command, run: Run): void {
  const changes = [
    {
      verb: 'start',
      summary: 'start a VM that is off',
      method: 'StartVm',
      done: (vm: string) => `${vm} is started.`,
    },
    {
      verb: 'shutdown',
      summary: 'ask the guest to shut down',
      method: 'ShutdownVm',
      done: (vm: string) =>
        `The guest of ${vm} was asked to shut down, which may take a while; see: evenkeel vm show ${vm}. If it does not react: evenkeel vm destroy ${vm}`,
    },
    {
      verb: 'destroy',
      summary: 'power a VM off at once; its definition and disks stay',
      method: 'DestroyVm',
      done: (vm: string) =>
        `${vm} is off. Its definition and disks remain; start it again with: evenkeel vm start ${vm}`,
    },
  ] as const;
  for (const { verb, summary, method, done } of changes)
    parent
      .command(verb)
      .summary(summary)
      .description(`${summary[0]?.toUpperCase() ?? ''}${summary.slice(1)}.`)
      .argument('<name>', 'name or uuid')
      .action(async (vm: string, _options: object, command: Command) => {
        await run(command, async ({ scheduler, timeoutMs, show }) => {
          const answer = await scheduler.call(
            {
              what: `${verb} VM ${vm}`,
              method: (service) => service[method],
              request: { vm },
              look: `evenkeel vm show ${vm}`,
            },
            timeoutMs(CHANGE_TIMEOUT_MS),
          );
          show(answer.vm, (view) => wrap(view, done(plain(answer.vm?.name ?? vm)), 0));
        });
      });
}

function addUndefine(parent: Command, run: Run): void {
  parent
    .command('undefine')
    .summary('remove a VM that is off')
    .description(
      'Removes the definition of a VM that is off. With --delete-volumes also deletes the volumes that were created for it, with all their layers; what is kept is named.',
    )
    .argument('<name>', 'name or uuid')
    .option('--delete-volumes', 'also delete the volumes created for it: their data is lost', false)
    .option('--yes', 'do not ask before volumes are deleted', false)
    .action(async (vm: string, options: { deleteVolumes: boolean; yes: boolean }, command: Command) => {
      await run(command, async (context) => {
        if (options.deleteVolumes && !options.yes)
          await confirm(context.terminal, `Remove ${vm} and delete its volumes with all their data?`);
        await undefine(context, vm, options.deleteVolumes);
      });
    });
}

async function undefine(
  { scheduler, timeoutMs, show }: Context,
  vm: string,
  deleteVolumes: boolean,
): Promise<void> {
  const answer = await scheduler.call(
    {
      what: `undefine VM ${vm}`,
      method: ({ UndefineVm }) => UndefineVm,
      request: { vm, deleteVolumes },
      look: `evenkeel vm show ${vm}`,
    },
    timeoutMs(CHANGE_TIMEOUT_MS),
  );
  show(answer, () => {
    const volumes = answer.deletedVolumes.map(plain).join(', ');
    return [
      `${vm} is removed.${volumes === '' ? '' : ` Deleted: ${volumes}`}`,
      ...answer.keptVolumes.map(({ volume, reason }) => `Kept: ${plain(volume)}: ${plain(reason)}`),
    ].join('\n');
  });
}
