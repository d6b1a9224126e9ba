// Kills, stops, cuts off and heals the parts of the lab that a fault can strike.
import { readFile } from 'node:fs/promises';
import { hostExec, hostRun, startService } from '../../lab/hosts/control.ts';
import { hostLeader } from '../../lab/hosts/host.ts';
import { commandName, daemonPids } from '../../lab/kernel/kernel-objects.ts';
import { bridge, hostNames, hosts, labHost, type HostName } from '../../lab/topology.ts';
import { findQemus } from './sampler.ts';

/** One process, or one daemon, that a fault can strike. */
export type Part =
  | { readonly kind: 'agent' | 'libvirtd'; readonly host: HostName }
  | { readonly kind: 'qemu'; readonly host: HostName; readonly vm: string }
  | { readonly kind: 'scheduler' | 'nats' };

const wait = { timeoutMs: 30_000 };
const agentUnit = 'evenkeel-agent.service';

export function partName(part: Part): string {
  return 'host' in part ? `${part.kind} of ${part.host}` : part.kind;
}

/** Sends the signal to the part's process. Throws when it has none. */
export async function signalPart(part: Part, signal: NodeJS.Signals): Promise<void> {
  const pids = await pidsOf(part);
  if (pids.length === 0) throw new Error(`${signal} to ${partName(part)}: it has no process`);
  for (const pid of pids) process.kill(pid, signal);
}

/** Wakes the part if it was stopped, and starts it if it is gone; nothing else. */
export async function healPart(part: Part): Promise<void> {
  for (const pid of await pidsOf(part))
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // It has ended by itself.
    }
  switch (part.kind) {
    case 'agent':
      await hostRun(part.host, ['systemctl', 'start', agentUnit], { timeoutMs: 100_000 });
      return;
    case 'libvirtd':
      await hostRun(part.host, ['systemctl', 'start', 'libvirtd.service'], { timeoutMs: 100_000 });
      return;
    case 'scheduler':
    case 'nats':
      return startService(part.kind);
    case 'qemu':
      // A guest that was killed stays dead: starting it again is not for the test to do.
      return;
  }
}

/** Sends SIGKILL and keeps the part away until healed: systemd would start it again within seconds. */
export async function killAndKeepAway(part: Part): Promise<void> {
  await signalPart(part, 'SIGKILL');
  if (part.kind === 'agent') await hostRun(part.host, ['systemctl', 'stop', agentUnit], wait);
}

async function pidsOf(part: Part): Promise<number[]> {
  switch (part.kind) {
    case 'scheduler':
    case 'nats':
      return daemonPids(part.kind);
    case 'qemu':
      return (await findQemus())
        .filter(({ host, vm }) => host === part.host && vm === part.vm)
        .map(({ pid }) => pid);
    case 'libvirtd':
      return select(await daemonPids(part.host), async (pid) => (await commandName(pid)) === 'libvirtd');
    case 'agent':
      return select(await daemonPids(part.host), async (pid) =>
        (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('dist/agent/main.js'),
      );
  }
}

async function select(pids: readonly number[], wanted: (pid: number) => Promise<boolean>): Promise<number[]> {
  const answers = await Promise.all(pids.map(wanted));
  return pids.filter((_, index) => answers[index] === true);
}

/** Traffic between two ends that is dropped. The guests' own traffic continues: it is bridged, and never filtered. */
export interface Cut {
  /** At this host's own firewall. */
  readonly at: HostName;
  readonly peer: HostName | 'control';
  /** Seen from `at`. */
  readonly direction: 'in' | 'out' | 'both';
  /** TCP ports of the peer's or this host's server, as iptables writes a range; all traffic without. */
  readonly ports?: string;
}

const chain = 'EVENKEEL-FAULTS';

/** Drops packets silently, as a dead cable does. */
export async function cut({ at, peer, direction, ports }: Cut): Promise<void> {
  const address = peer === 'control' ? bridge.address : labHost(peer).address;
  const rules: string[][] = [];
  const ways = direction === 'both' ? (['in', 'out'] as const) : [direction];
  for (const way of ways) {
    const [side, end] = way === 'in' ? ['INPUT', '--source'] : ['OUTPUT', '--destination'];
    // Either end may be the server: a port counts at both.
    const matches =
      ports === undefined
        ? [[]]
        : ['--dports', '--sports'].map((option) => [
            '--protocol',
            'tcp',
            '--match',
            'multiport',
            option,
            ports,
          ]);
    for (const match of matches) rules.push(['-A', `${chain}-${side}`, end, address, ...match, '-j', 'DROP']);
  }
  const ensure = ['INPUT', 'OUTPUT'].map(
    (side) =>
      `iptables -w -N ${chain}-${side} 2>/dev/null && iptables -w -I ${side} -j ${chain}-${side}; true`,
  );
  const script = [...ensure, ...rules.map((rule) => `iptables -w ${rule.join(' ')}`)].join('\n');
  await hostRun(at, ['bash', '-e', '-c', script], wait);
}

/** Removes all cuts, on all hosts. */
export async function mendCuts(): Promise<void> {
  const script = `for side in INPUT OUTPUT; do iptables -w -F ${chain}-$side 2>/dev/null; done; true`;
  for (const host of hostNames) await hostExec(host, ['bash', '-c', script], wait);
}

/**
 * The closest to a power failure for a host that shares its kernel: its systemd is stopped, so that it starts
 * nothing again, libvirtd, the agent and every QEMU are killed, and what a host forgets when it boots is removed.
 */
export async function powerOff(host: HostName): Promise<void> {
  const leader = await hostLeader(labHost(host));
  if (leader === undefined) throw new Error(`power off ${host}: it does not run`);
  process.kill(leader, 'SIGSTOP');
  const qemus = (await findQemus()).filter((copy) => copy.host === host).map(({ pid }) => pid);
  const daemons = [...(await pidsOf({ kind: 'libvirtd', host })), ...(await pidsOf({ kind: 'agent', host }))];
  for (const pid of [...daemons, ...qemus]) process.kill(pid, 'SIGKILL');
  // Over /proc, because the host's own shell would be a child of nobody with its systemd stopped.
  await hostExec(host, ['bash', '-c', 'rm -f /run/libvirt/qemu/*.xml /run/libvirt/qemu/*.pid'], wait);
}

/** Starts again what `powerOff` ended. */
export async function powerOn(host: HostName): Promise<void> {
  const leader = await hostLeader(labHost(host));
  if (leader === undefined) throw new Error(`power on ${host}: it does not run`);
  process.kill(leader, 'SIGCONT');
  await healPart({ kind: 'libvirtd', host });
  await healPart({ kind: 'agent', host });
}

/** Everything that can be struck runs, and nothing is cut off. */
export async function healAll(): Promise<void> {
  await mendCuts();
  for (const host of hostNames) {
    const leader = await hostLeader(labHost(host));
    if (leader !== undefined) process.kill(leader, 'SIGCONT');
  }
  await healPart({ kind: 'nats' });
  await healPart({ kind: 'scheduler' });
  await Promise.all(
    hosts.map(async ({ name }) => {
      await healPart({ kind: 'libvirtd', host: name });
      await healPart({ kind: 'agent', host: name });
    }),
  );
}
