// `evenkeel hosts` and `evenkeel vms`: list hosts and VMs with their load.
import { Option, type Command } from 'commander';
import type { Run } from '../context.ts';
import { hostSummary, hostTable, hostWarnings, sortHosts, type HostOrder } from '../render/hosts.ts';
import { sortVms, VM_ORDERS, vmTable, type VmOrder } from '../render/vms.ts';

const HOST_ORDERS: readonly HostOrder[] = ['name', 'cpu', 'memory'];

export function addInventoryCommands(program: Command, run: Run): void {
  program
    .command('hosts')
    .summary('hosts with their load')
    .description(
      'Hosts with their load: CPU used and wanted (used plus what VMs wait for), memory used and given to VMs.',
    )
    .addOption(new Option('--sort <by>', 'order').choices(HOST_ORDERS).default('name'))
    .action(async ({ sort }: { sort: HostOrder }, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const { hosts } = await scheduler.call(
          { what: 'list hosts', method: ({ ListHosts }) => ListHosts, request: {} },
          timeoutMs(),
        );
        const sorted = sortHosts(hosts, sort);
        show(sorted, (view) =>
          sorted.length === 0
            ? 'No host has reported yet. A host joins by its first report: is evenkeel-agent running there, and do its nats.servers name the same NATS as the scheduler?'
            : [hostTable(view, sorted), ...hostWarnings(view, sorted), hostSummary(view, sorted)].join('\n'),
        );
      });
    });

  program
    .command('vms')
    .summary('VMs with their load')
    .description(
      "VMs with their load. CPU and WANTED are relative to the VM's vCPUs; WAIT is the share of time its vCPUs waited for a host CPU.",
    )
    .option('--host <host>', 'only those on this host, by name or id')
    .addOption(new Option('--sort <by>', 'order').choices(VM_ORDERS).default('name'))
    .action(async ({ host = '', sort }: { host?: string; sort: VmOrder }, command: Command) => {
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const { vms } = await scheduler.call(
          { what: 'list VMs', method: ({ ListVmLoads }) => ListVmLoads, request: { host } },
          timeoutMs(),
        );
        const sorted = sortVms(vms, sort);
        show(sorted, (view) => {
          if (sorted.length > 0) return vmTable(view, sorted);
          return host === ''
            ? 'No VM runs on any host that reports. Make one with: evenkeel vm create --help'
            : `No VM runs on ${host}.`;
        });
      });
    });
}
