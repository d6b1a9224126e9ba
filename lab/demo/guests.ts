// Creates and removes the demo's four guests through `evenkeel`, and talks to them over TCP.
import { tryCommand, type CommandResult } from '../command.ts';
import { watchTicks, tellGuest, type TickWatch } from '../image/guest.ts';
import { cliCommand, operatorEnvironment } from '../services/operator.ts';
import { baseImage, guestAddress, guestMac, hostBridge, pool, type HostName } from '../topology.ts';
import type { DemoCluster } from './cluster.ts';
import type { Screen } from './screen.ts';

export interface DemoGuest {
  readonly name: string;
  readonly number: number;
  readonly host: HostName;
  /** Burns CPU once the demo says so. */
  readonly isBusy: boolean;
}

/** The two busy guests share kvm1; the two idle ones are on kvm2, so that kvm3 is clearly the better target. */
export const guests: readonly DemoGuest[] = [
  { name: 'demo-1', number: 191, host: 'kvm1', isBusy: true },
  { name: 'demo-2', number: 192, host: 'kvm1', isBusy: true },
  { name: 'demo-3', number: 193, host: 'kvm2', isBusy: false },
  { name: 'demo-4', number: 194, host: 'kvm2', isBusy: false },
];

/** An emulated guest boots in 5 s alone; four at once on two busy cores take much longer. */
const bootTimeoutMs = 180_000;
const removeTimeoutMs = 60_000;
/** `evenkeel --help`, exit codes. */
const notFoundStatus = 3;
const tellTimeoutMs = 30_000;

export async function createGuest(screen: Screen, { name, number, host }: DemoGuest): Promise<void> {
  await evenkeel(screen, [
    ...['vm', 'create', name, '--vcpus', '1', '--memory', '256M'],
    ...['--disk', `pool=${pool.name},clone=${baseImage}`],
    ...['--nic', `bridge=${hostBridge},mac=${guestMac(number)}`],
    ...['--owner', 'demo', '--headless', '--host', host],
  ]);
}

/** Removes the demo's guests on any host and in any state, also those left by an earlier demo. */
export async function removeGuests(cluster: DemoCluster): Promise<void> {
  const running = new Set((await cluster.vms()).map(({ sample }) => sample?.name));
  const quietly = (args: readonly string[]): Promise<CommandResult> =>
    tryCommand([...cliCommand, ...args], { timeoutMs: removeTimeoutMs, environment: operatorEnvironment });
  for (const { name } of guests) {
    if (running.has(name)) await quietly(['vm', 'destroy', name]);
    const removed = await quietly(['vm', 'undefine', name, '--delete-volumes', '--yes']);
    if (removed.status !== 0 && removed.status !== notFoundStatus) {
      throw new Error(`remove ${name}: ${removed.stderr.trim()}`);
    }
  }
}

/** Runs `evenkeel` as the lab's operator would type it. */
export async function evenkeel(screen: Screen, args: readonly string[]): Promise<void> {
  await screen.run(`evenkeel ${args.join(' ')}`, [...cliCommand, ...args], operatorEnvironment);
}

/** Connects to the guest's counter as soon as the guest has booted. */
export async function watchGuest({ number }: DemoGuest, signal: AbortSignal): Promise<TickWatch> {
  return watchTicks(guestAddress(number), { timeoutMs: bootTimeoutMs, signal });
}

/** Share of its vCPU that a busy guest uses: one such guest leaves room on its host, two want more than its one core. */
export const busyRatio = 0.6;

export async function burn({ number }: DemoGuest): Promise<void> {
  await tellGuest(guestAddress(number), `burn 1 ${busyRatio * 100}`, { timeoutMs: tellTimeoutMs });
}
