// Makes the suite's guests: one with disks that a lock protects, one that can write to no disk; reused while intact.
import { hostExec, hostRun } from '../../lab/hosts/control.ts';
import { tellGuest } from '../../lab/image/guest.ts';
import { leases, pool, type HostName } from '../../lab/topology.ts';
import { until, type Cluster, type Guest } from '../e2e/cluster.ts';
import type { CaseMode } from './cases/mode.ts';

const virsh = ['virsh', '-c', 'qemu:///system'] as const;
const wait = { timeoutMs: 60_000 };
/** Far from those of the other end-to-end tests. */
const guestNumbers: Readonly<Record<CaseMode, number>> = { lock: 180, paused: 181, lease: 182 };
/** Memory that the guest has touched once must be copied, even if never used again: it makes a copy long enough to strike. */
const touchedMib = 100;

export interface Home {
  readonly guest: Guest;
  readonly host: HostName;
}

/** The guest of this mode, running, sampled and free to move; created again when the last case broke it. */
export async function readyGuest(cluster: Cluster, mode: CaseMode): Promise<Home> {
  const number = guestNumbers[mode];
  const guest = cluster.guest(number);
  // A killed scheduler leaves its lease behind: no scheduler takes orders for 15 s.
  await until(
    'a scheduler leads',
    30_000,
    () => cluster.evenkeel('mode', 'recommend'),
    ({ status }) => status === 0,
  );
  let host = await soleHome(cluster, guest);
  if (host === undefined || !(await answers(guest))) {
    await cluster.removeVms();
    host = 'kvm1';
    if (mode === 'lock') await cluster.create(number, host, '--disk', `pool=${pool.name},size=8M`);
    else await createWithoutWritableDisk(cluster, number, host, mode === 'lease');
  }
  const home = host;
  const watch = await guest.watch();
  watch.close();
  await settle(guest, mode);
  await until(
    `the scheduler sees ${guest.name} on ${home} alone, in no migration`,
    60_000,
    async () => (await cluster.vms()).filter(({ sample }) => sample?.name === guest.name),
    (seen) =>
      seen.length === 1 &&
      seen.every(
        ({ hostName, migrationId, warning }) => hostName === home && migrationId === '' && warning === '',
      ),
  );
  return { guest, host: home };
}

/** The one host that runs the guest; undefined unless there is exactly one copy, and it runs. */
async function soleHome(cluster: Cluster, { name }: Guest): Promise<HostName | undefined> {
  const copies = await cluster.copies(name);
  const [copy] = copies;
  return copies.length === 1 && copy?.state === 'running' ? copy.host : undefined;
}

async function answers({ address }: Guest): Promise<boolean> {
  return tellGuest(address, 'status', { timeoutMs: 3_000 }).then(
    () => true,
    () => false,
  );
}

/** Fills memory once, then changes little of it; the records go on from the last. */
async function settle(guest: Guest, mode: CaseMode): Promise<void> {
  await guest.tell('burn 0');
  await guest.tell(`dirty 400 ${touchedMib}`);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await guest.tell(`dirty 1 ${touchedMib}`);
  if (mode === 'lock') await guest.tell('disk on');
}

/** A lab guest whose only disk is read-only: the kernel and all it runs are in its memory. */
async function createWithoutWritableDisk(
  cluster: Cluster,
  number: number,
  host: HostName,
  hasLease: boolean,
): Promise<void> {
  const { name } = await cluster.create(number, host, '--no-start');
  const xml = await hostRun(host, [...virsh, 'dumpxml', '--inactive', name], wait);
  const readOnly = xml.replace(/<\/disk>/g, '<readonly/></disk>');
  if (hasLease) await hostRun(host, ['install', '-D', '/dev/null', leasePath(name)], wait);
  await defineVm(host, hasLease ? readOnly.replace('</devices>', `${leaseXml(name)}</devices>`) : readOnly);
  await cluster.evenkeel('vm', 'start', name);
}

/** virtlockd takes a lease whose file is there. */
export function leasePath(vmName: string): string {
  return `${leases.path}/${leases.lockspace}/${vmName}`;
}

function leaseXml(vmName: string): string {
  return `<lease><lockspace>${leases.lockspace}</lockspace><key>${vmName}</key><target path='${leases.path}'/></lease>`;
}

/** Defines a VM from its XML. virsh opens a file by its name, so a pipe does not work. */
export async function defineVm(host: HostName, xml: string): Promise<void> {
  const script = `file=$(mktemp) && cat >$file && ${virsh.join(' ')} define $file; status=$?; rm -f $file; exit $status`;
  const defined = await hostExec(host, ['bash', '-c', script], { ...wait, input: xml });
  if (defined.status !== 0) throw new Error(`define a VM on ${host}: ${defined.stderr.trim()}`);
}

export interface DiskState {
  readonly written: number;
  readonly refused: number;
}

/** Stops the guest's writing and returns what its disk has acknowledged. */
export async function stopRecords({ address }: Guest): Promise<DiskState> {
  await tellGuest(address, 'disk off', { timeoutMs: 20_000 });
  const status = await tellGuest(address, 'status', { timeoutMs: 20_000 });
  const figure = (name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(status)?.[1] ?? NaN);
  return { written: figure('recordsWritten'), refused: figure('recordsRefused') };
}

/** The image of the guest's second disk, as raw bytes, and what qemu-img says of it. */
export async function readSecondDisk(
  { name }: Guest,
  host: HostName,
): Promise<{ image: Buffer; check: string }> {
  const list = await hostRun(host, [...virsh, 'domblklist', name], wait);
  const [, path] = /^\s*vdb\s+(\S+)/m.exec(list) ?? [];
  if (path === undefined) throw new Error(`${name} has no second disk: ${list}`);
  // -U: the guest has it open; nothing is written now, and every record went through to the file.
  const script =
    'qemu-img convert -U -O raw "$1" /tmp/faults-disk.raw && base64 -w0 /tmp/faults-disk.raw && rm -f /tmp/faults-disk.raw';
  const text = await hostRun(host, ['bash', '-c', script, 'bash', path], wait);
  const check = await hostExec(host, ['qemu-img', 'check', '-U', path], wait);
  // Status 63: the format has nothing to check (qemu-img(1)).
  return {
    image: Buffer.from(text, 'base64'),
    check: check.status === 0 || check.status === 63 ? '' : `${check.stdout}${check.stderr}`.trim(),
  };
}
