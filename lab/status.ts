// Reports which parts of the lab are up.
import { stagedCode } from './services/code.ts';
import { schedulerService } from './services/daemons.ts';
import { execInHost, hostLeader, notReadyReason } from './hosts/host.ts';
import { daemonPids } from './kernel/kernel-objects.ts';
import { knownAnswer } from './kernel/kvm-probe.ts';
import { lxcfsIsUp } from './hosts/lxcfs.ts';
import { networkIsUp } from './hosts/network.ts';
import { influxService, isHealthy, natsService } from './services/services.ts';
import { agentPort, bridge, hosts, influxUrl, natsUrl, schedulerAddress, type LabHost } from './topology.ts';

export interface HostStatus {
  readonly name: string;
  readonly address: string;
  readonly uuid: string;
  readonly up: boolean;
  /** systemd's state of the unit: active, inactive, failed, activating, ...; "absent" if there is no such unit. */
  readonly libvirtd: string;
  readonly agent: string;
  readonly agentAddress: string;
  readonly vms: readonly { readonly name: string; readonly state: string }[];
  /** What is wrong; absent if the host is ready for guests. */
  readonly problem?: string;
}

export interface ServiceStatus {
  readonly name: string;
  readonly address: string;
  readonly up: boolean;
  readonly pids: readonly number[];
}

export interface LabStatus {
  /** Every part is up. */
  readonly up: boolean;
  readonly network: { readonly bridge: string; readonly address: string; readonly up: boolean };
  readonly lxcfs: { readonly up: boolean };
  /** Whether guests use /dev/kvm; absent before the first `lab up`. */
  readonly kvm?: boolean;
  readonly services: readonly ServiceStatus[];
  readonly hosts: readonly HostStatus[];
}

const timeoutMs = 20_000;

export async function labStatus(): Promise<LabStatus> {
  const network = {
    bridge: bridge.name,
    address: `${bridge.address}/${bridge.prefixLength}`,
    up: await networkIsUp(),
  };
  const lxcfs = { up: await lxcfsIsUp() };
  const kvm = await knownAnswer();
  const services = await Promise.all([
    serviceStatus('nats', natsUrl, () => isHealthy(natsService)),
    serviceStatus('influx', influxUrl, () => isHealthy(influxService)),
    serviceStatus('scheduler', schedulerAddress, async () => {
      const scheduler = await schedulerService(await stagedCode());
      return scheduler !== undefined && (await isHealthy(scheduler));
    }),
  ]);
  const hostList = await Promise.all(hosts.map(hostStatus));
  const parts = [network, lxcfs, ...services, ...hostList];
  return {
    up: parts.every((part) => part.up),
    network,
    lxcfs,
    ...(kvm === undefined ? {} : { kvm: kvm.usable }),
    services,
    hosts: hostList,
  };
}

async function serviceStatus(
  name: string,
  address: string,
  isUp: () => Promise<boolean>,
): Promise<ServiceStatus> {
  return { name, address, up: await isUp(), pids: await daemonPids(name) };
}

async function hostStatus(host: LabHost): Promise<HostStatus> {
  const facts = {
    name: host.name,
    address: host.address,
    uuid: host.uuid,
    agentAddress: `${host.address}:${agentPort}`,
  };
  if ((await hostLeader(host)) === undefined) {
    return { ...facts, up: false, libvirtd: 'absent', agent: 'absent', vms: [], problem: 'not running' };
  }
  const problem = await notReadyReason(host).catch((error: unknown) => String(error));
  return {
    ...facts,
    up: problem === undefined,
    libvirtd: await unitState(host, 'libvirtd.service'),
    agent: await unitState(host, 'evenkeel-agent.service'),
    vms: problem === undefined ? await listVms(host) : [],
    ...(problem === undefined ? {} : { problem }),
  };
}

async function unitState(host: LabHost, unit: string): Promise<string> {
  const { stdout } = await execInHost(host, ['systemctl', 'show', '--property=LoadState,ActiveState', unit], {
    timeoutMs,
  });
  if (!stdout.includes('LoadState=loaded')) return 'absent';
  return /ActiveState=(\S+)/.exec(stdout)?.[1] ?? 'unknown';
}

async function listVms(host: LabHost): Promise<{ name: string; state: string }[]> {
  const { stdout } = await execInHost(host, ['virsh', '-c', 'qemu:///system', 'list', '--all'], {
    timeoutMs,
  });
  return parseVmList(stdout);
}

/** The table of `virsh list --all`: a number or "-", the name, and the state in one or two words. */
export function parseVmList(text: string): { name: string; state: string }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(?:\d+|-)\s+(\S+)\s+(\S.*?)\s*$/.exec(line);
    const [, name, state] = match ?? [];
    return name === undefined || state === undefined ? [] : [{ name, state }];
  });
}

/** The status as text for a terminal. */
export function describeStatus(status: LabStatus): string {
  const mark = (isUp: boolean): string => (isUp ? 'up' : 'DOWN');
  const lines = [
    `network    ${mark(status.network.up).padEnd(5)} ${status.network.bridge} ${status.network.address}`,
    `lxcfs      ${mark(status.lxcfs.up)}`,
    ...status.services.map(({ name, up, address }) => `${name.padEnd(10)} ${mark(up).padEnd(5)} ${address}`),
  ];
  for (const host of status.hosts) {
    const vms = host.vms.map(({ name, state }) => `${name} (${state})`).join(', ');
    lines.push(
      `${host.name.padEnd(10)} ${mark(host.up).padEnd(5)} ${host.address}  libvirtd ${host.libvirtd}, agent ${host.agent}`,
      `                 ${host.problem ?? (vms === '' ? 'no VMs' : `VMs: ${vms}`)}`,
    );
  }
  if (status.kvm !== undefined)
    lines.push(`guests run ${status.kvm ? 'with KVM' : 'without KVM (slower, same behaviour)'}`);
  return lines.join('\n');
}
