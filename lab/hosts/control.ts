// Controls a running lab for tests and the demo: commands in hosts, signals to a VM's QEMU, services stopped and started.
import type { WaitOptions } from '../../shared/clock.ts';
import { stagedCode } from '../services/code.ts';
import type { CommandResult } from '../command.ts';
import { schedulerService } from '../services/daemons.ts';
import { execInHost, hostLeader } from './host.ts';
import {
  ensureService,
  influxService,
  natsService,
  stopService as stop,
  type Service,
} from '../services/services.ts';
import { labHost, type HostName } from '../topology.ts';

export type ServiceName = 'nats' | 'influx' | 'scheduler';

async function service(name: ServiceName): Promise<Service> {
  switch (name) {
    case 'nats':
      return natsService;
    case 'influx':
      return influxService;
    case 'scheduler': {
      const found = await schedulerService(await stagedCode());
      if (found === undefined)
        throw new Error('scheduler: not built; run: npm run build, then npm run lab -- up');
      return found;
    }
  }
}

/** Runs a command in the host; its exit status is in the result, not thrown. */
export async function hostExec(
  host: HostName,
  argv: readonly string[],
  options: WaitOptions & { readonly input?: string },
): Promise<CommandResult> {
  return execInHost(labHost(host), argv, options);
}

/** Runs a command in the host that must succeed; returns what it printed. */
export async function hostRun(
  host: HostName,
  argv: readonly string[],
  options: WaitOptions,
): Promise<string> {
  const result = await hostExec(host, argv, options);
  if (result.status === 0) return result.stdout;
  throw new Error(`${host}: ${argv.join(' ')}: exit status ${result.status}: ${result.stderr.trim()}`);
}

/** Signals the QEMU process of a VM: SIGSTOP makes it stuck, SIGKILL crashes it. */
export async function signalQemu(host: HostName, vm: string, signal: NodeJS.Signals): Promise<void> {
  const options = { timeoutMs: 10_000 };
  const pid = (await hostRun(host, ['cat', `/run/libvirt/qemu/${vm}.pid`], options)).trim();
  await hostRun(host, ['kill', '-s', signal.replace(/^SIG/, ''), pid], options);
}

export async function stopService(name: ServiceName): Promise<void> {
  await stop(await service(name));
}

/** Starts the service with the data it had. */
export async function startService(name: ServiceName): Promise<void> {
  await ensureService(await service(name));
}

/** The path of the host's libvirt socket, usable from outside the host. It changes when the host boots again. */
export async function libvirtSocket(host: HostName): Promise<string> {
  const leader = await hostLeader(labHost(host));
  if (leader === undefined) throw new Error(`host ${host}: not running; start it: npm run lab -- up`);
  return `/proc/${leader}/root/run/libvirt/libvirt-sock`;
}
