// Checks what must hold after a case, at libvirt, the scheduler, the guest and its disk; one sentence for each violation.
import { readFile } from 'node:fs/promises';
import { hostRun } from '../../lab/hosts/control.ts';
import { hostLeader } from '../../lab/hosts/host.ts';
import { hostNames, labHost, type HostName } from '../../lab/topology.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { sleep, type Cluster, type Guest } from '../e2e/cluster.ts';
import { readDiskLog } from './disk-log.ts';
import { readSecondDisk, stopRecords } from './guests.ts';
import { findQemus } from './sampler.ts';

const virsh = ['virsh', '-c', 'qemu:///system'] as const;
const wait = { timeoutMs: 30_000 };
/** Samples come once a second; the view may wait for the next one or two. */
const viewWithinMs = 20_000;
/** The agent's intents (agent/migration/promises/intents.ts). */
const intentsFile = '/var/lib/evenkeel/agent/intents.json';
/** libvirt's range for incoming migrations (migration_port_min and _max of qemu.conf). */
const migrationPorts = { min: 49_152, max: 49_215 };

/** One QEMU and one definition, on `home` alone; nowhere when the guest is gone. */
export async function checkHome({ name }: Guest, home: HostName | undefined): Promise<string[]> {
  const breaches: string[] = [];
  const qemus = (await findQemus()).filter(({ vm }) => vm === name).map(({ host }) => host);
  if (qemus.join() !== (home ?? ''))
    breaches.push(`I1/I2: QEMU of ${name} runs on [${qemus.join(', ')}], expected ${home ?? 'none'}`);
  const defined: HostName[] = [];
  for (const host of hostNames) {
    const has = async (...flags: string[]): Promise<boolean> =>
      (await hostRun(host, [...virsh, 'list', '--all', '--name', ...flags], wait)).split('\n').includes(name);
    if (await has('--persistent')) defined.push(host);
    if (await has('--autostart')) breaches.push(`I10: ${name} is set to start by itself on ${host}`);
    if (host === home && (await has('--state-paused'))) breaches.push(`I2: ${name} is paused on ${host}`);
  }
  if (defined.length !== 1 || (home !== undefined && defined[0] !== home))
    breaches.push(`I10: ${name} is defined on [${defined.join(', ')}], expected ${home ?? 'one host'}`);
  return breaches;
}

/** The scheduler sees the guest where it is, in no migration, and no slot is taken. */
export async function checkView(
  cluster: Cluster,
  { name }: Guest,
  home: HostName | undefined,
): Promise<string[]> {
  const look = async (): Promise<string[]> => {
    const breaches: string[] = [];
    const seen = (await cluster.vms()).filter(({ sample }) => sample?.name === name);
    const running = seen.filter(({ sample }) => sample?.state !== 'VM_STATE_SHUT_OFF');
    if (home !== undefined && running.map(({ hostName }) => hostName).join() !== home)
      breaches.push(
        `I8: the scheduler has ${name} on [${running.map(({ hostName }) => hostName).join(', ')}], it is on ${home}`,
      );
    if (seen.some(({ migrationId }) => migrationId !== ''))
      breaches.push(`I12: ${name} still counts as in a migration`);
    for (const { hostName, migrationsIn, migrationsOut, state } of await cluster.hosts()) {
      if (migrationsIn + migrationsOut > 0) breaches.push(`I12: ${hostName} still holds a slot`);
      if (state !== 'HOST_STATE_READY') breaches.push(`${hostName} is ${state}`);
    }
    return breaches;
  };
  const deadlineMs = performance.now() + viewWithinMs;
  for (;;) {
    const breaches = await look().catch((error: unknown) => [
      `the scheduler does not answer: ${String(error)}`,
    ]);
    if (breaches.length === 0 || performance.now() > deadlineMs) return breaches;
    await sleep(500);
  }
}

/** No process holds a port of the migration range. */
export async function checkPorts(): Promise<string[]> {
  const found = await Promise.all(
    hostNames.map(async (host) => {
      const leader = (await hostLeader(labHost(host))) ?? 0;
      const tables = await Promise.all(
        ['tcp', 'tcp6'].map((table) => readFile(`/proc/${leader}/net/${table}`, 'utf8').catch(() => '')),
      );
      return tables
        .flatMap((table) => table.split('\n'))
        .map(listeningPort)
        .filter((port) => port >= migrationPorts.min && port <= migrationPorts.max)
        .map((port) => `leak: port ${port} of ${host} is still open for a migration`);
    }),
  );
  return found.flat();
}

/** The port of a line of /proc/net/tcp that listens; 0 for others. */
function listeningPort(line: string): number {
  // proc_net_tcp: local address and port in hexadecimal, then the remote one, then the state; 0A is LISTEN.
  const [, portHex] = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ 0A /.exec(line) ?? [];
  return Number.parseInt(portHex ?? '0', 16);
}

/** A host that was away is sent the end again after a minute at the latest (scheduler/migrations/ending.ts). */
const intentsGoneWithinMs = 75_000;

/** No agent holds an intent any more, so the VM accepts commands again. */
export async function checkIntents(guest: Guest): Promise<string[]> {
  const untilMs = performance.now() + intentsGoneWithinMs;
  let left = await intentsLeft(guest);
  while (left.length > 0 && performance.now() < untilMs) {
    await sleep(1_000);
    left = await intentsLeft(guest);
  }
  return left;
}

async function intentsLeft({ name }: Guest): Promise<string[]> {
  const found = await Promise.all(
    hostNames.map(async (host) => {
      const text = await hostRun(host, ['bash', '-c', `cat ${intentsFile} 2>/dev/null || true`], wait);
      const [body = '{}'] = text.split('\n');
      return /"intent":\{/.test(body)
        ? [`leak: the agent of ${host} still holds an intent, after ${name}`]
        : [];
    }),
  );
  return found.flat();
}

/** Speed limit and slow-down of the guest are as they were before. */
export async function checkLimits({ name }: Guest, home: HostName): Promise<string[]> {
  const ask = async (command: string): Promise<string> =>
    hostRun(home, [...virsh, 'qemu-monitor-command', name, `{"execute":"${command}"}`], wait);
  const throttle = /"cpu-throttle-percentage":\s*(\d+)/.exec(await ask('query-migrate'))?.[1];
  return throttle === undefined || throttle === '0'
    ? []
    : [`I11: ${name} is still slowed down by ${throttle} %`];
}

/** Every acknowledged record is on the disk, whole and in order. */
export async function checkDisk(guest: Guest, home: HostName): Promise<string[]> {
  const { written, refused } = await stopRecords(guest);
  const { image, check } = await readSecondDisk(guest, home);
  const log = readDiskLog(image);
  const breaches = log.problems.map((problem) => `disk: ${problem}`);
  // A record that was being written at the stop may be on the disk without having been acknowledged.
  if (log.lastNumber < written || log.lastNumber > written + 1)
    breaches.push(`disk: the last record is ${log.lastNumber}, the guest was told ${written}`);
  if (refused > 0) breaches.push(`disk: ${refused} writes were refused`);
  if (check !== '') breaches.push(`disk: qemu-img check: ${check}`);
  return breaches;
}

/** A migration in a terminal state says when, where and why. */
export function checkRecord(migration: Migration): string[] {
  const { migrationId, state, causeCode, outcome, endedAtMs } = migration;
  const breaches: string[] = [];
  if (endedAtMs === 0) breaches.push(`I7: migration ${migrationId} has no end: ${state}`);
  if (state !== 'MIGRATION_STATE_SUCCEEDED' && causeCode === 'MIGRATION_CAUSE_UNSPECIFIED')
    breaches.push('I7: it has no cause');
  if (outcome === '') breaches.push('I20: it says nothing of its outcome');
  return breaches;
}
