// Boots lab hosts: systemd containers, each with its own root, network, libvirtd and view of CPU and memory.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock, type WaitOptions } from '../../shared/clock.ts';
import { limitPayload, readHierarchies, type GroupLimits } from './cgroup.ts';
import { runCommand, tryCommand, type CommandResult } from '../command.ts';
import { codeFolder, hostFiles, lxcfsFolder, ownFolders, statFolder, type HostFile } from './host-files.ts';
import {
  commandName,
  daemonPids,
  isMounted,
  logFolder,
  makeMount,
  startDaemon,
  undo,
} from '../kernel/kernel-objects.ts';
import {
  codeStage,
  hostsFolder,
  leaseFolder,
  lxcfsMount,
  poolFolder,
  repositoryRoot,
  stateFolder,
  statFile,
} from '../paths.ts';
import { bridge, leases, pool, type LabHost } from '../topology.ts';

/** Low shares: on a small machine the control plane must get CPU while the guests burn all they can. */
const hostCpuShares = 256;

/** Three hosts boot within half a minute on two cores; a busy machine may take several times as long. */
const bootTimeoutMs = 180_000;
const probeTimeoutMs = 20_000;

export interface HostOptions {
  /** Whether guests may use /dev/kvm. */
  readonly kvm: boolean;
  /** Whether the host's /proc/stat is kept by cpu-view; else lxcfs shows it. */
  readonly ownStat: boolean;
  /** Files of the daemons: settings, units, certificates. */
  readonly extraFiles: readonly HostFile[];
}

/** Boots the host again unless it already runs as described. Returns whether it had to. */
export async function ensureHost(host: LabHost, options: HostOptions): Promise<boolean> {
  const description = describeHost(host, options);
  if (await runsAs(host, description.digest)) return false;
  await undo([host.name]);
  await rm(hostFolder(host), { recursive: true, force: true });
  await writeRoot(host, description.files);
  const root = rootFolder(host);
  await makeMount(host.name, root, [
    ...['-t', 'overlay', 'evenkeel-lab'],
    ...[
      '-o',
      `lowerdir=/,upperdir=${join(hostFolder(host), 'upper')},workdir=${join(hostFolder(host), 'work')}`,
    ],
  ]);
  // Before the first boot, so that the users exist when systemd-tmpfiles sets owners.
  await runCommand(['systemd-sysusers', `--root=${root}`], { timeoutMs: probeTimeoutMs });
  await startDaemon(host.name, description.argv, limitsOf(host));
  await waitUntilReady(host);
  await limitPayload(await readHierarchies(), host.name, limitsOf(host));
  // The last step: without this file the boot was interrupted, and the host is built again.
  await writeFile(readyFile(host), description.digest);
  return true;
}

/** The PID, on this machine, of the host's own PID 1; undefined if the host does not run. */
export async function hostLeader(host: LabHost): Promise<number | undefined> {
  for (const pid of await daemonPids(host.name)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    // "NSpid: 4711 1": process 4711 here is process 1 in the namespace inside.
    if (/^NSpid:\t\d+\t1$/m.test(status) && (await commandName(pid)) === 'systemd') return pid;
  }
  return undefined;
}

/** The command line that runs `argv` inside the host. */
export async function hostCommand(host: LabHost, argv: readonly string[]): Promise<string[]> {
  const leader = await hostLeader(host);
  if (leader === undefined) throw new Error(`host ${host.name}: not running; start it: npm run lab -- up`);
  const enter = ['nsenter', '--target', String(leader), '--mount', '--uts', '--ipc', '--net', '--pid'];
  return [...enter, '--root', '--wdns=/', '--', ...argv];
}

/** Runs a command inside the host and returns its output and exit status. */
export async function execInHost(
  host: LabHost,
  argv: readonly string[],
  options: WaitOptions & { readonly input?: string },
): Promise<CommandResult> {
  return tryCommand(await hostCommand(host, argv), options);
}

/** The reason why the host is not ready for guests; undefined if it is. */
export async function notReadyReason(host: LabHost): Promise<string | undefined> {
  if ((await hostLeader(host)) === undefined) return 'its container has not started its systemd yet';
  const answer = await execInHost(host, ['virsh', '-c', 'qemu:///system', 'pool-info', pool.name], {
    timeoutMs: probeTimeoutMs,
  });
  if (answer.status !== 0) return `libvirtd: ${answer.stderr.trim()}`;
  return /State:\s+running/.test(answer.stdout) ? undefined : `storage pool ${pool.name} is not started`;
}

async function waitUntilReady(host: LabHost): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + bootTimeoutMs;
  for (;;) {
    const reason = await notReadyReason(host).catch((error: unknown) => String(error));
    if (reason === undefined) return;
    if ((await daemonPids(host.name)).length === 0) {
      throw new Error(`host ${host.name}: its container ended; see ${join(logFolder, `${host.name}.log`)}`);
    }
    if (systemClock.monotonicMs() > deadlineMs) {
      throw new Error(
        `host ${host.name}: not ready after ${bootTimeoutMs} ms: ${reason}; ` +
          `check with: npm run lab -- shell ${host.name} -- systemctl --failed`,
      );
    }
    await systemClock.sleep(500);
  }
}

async function runsAs(host: LabHost, digest: string): Promise<boolean> {
  const ready = await readFile(readyFile(host), 'utf8').catch(() => undefined);
  if (ready !== digest || !(await isMounted(rootFolder(host)))) return false;
  return (await notReadyReason(host).catch((error: unknown) => String(error))) === undefined;
}

function describeHost(
  host: LabHost,
  { kvm, ownStat, extraFiles }: HostOptions,
): { files: HostFile[]; argv: string[]; digest: string } {
  const files = [...hostFiles(host, ownStat), ...extraFiles];
  const argv = containerCommand(host, kvm, ownStat);
  const digest = createHash('sha256')
    .update(JSON.stringify([files, argv, limitsOf(host)]))
    .digest('hex');
  return { files, argv, digest };
}

function containerCommand(host: LabHost, kvm: boolean, ownStat: boolean): string[] {
  return [
    'systemd-nspawn',
    ...['--quiet', '--boot', '--keep-unit', '--register=no', '--capability=all', '--console=read-only'],
    ...['--directory', rootFolder(host), '--machine', `ek-${host.name}`, '--hostname', host.name],
    ...['--uuid', host.machineId, '--link-journal=no', '--resolv-conf=off', '--timezone=off'],
    ...['--network-bridge', bridge.name, '--bind=/dev/net/tun'],
    ...(kvm ? ['--bind=/dev/kvm'] : []),
    `--bind=${poolFolder}:${pool.path}`,
    `--bind=${leaseFolder}:${leases.path}`,
    `--bind-ro=${codeStage}:${codeFolder}`,
    `--bind=${lxcfsMount}:${lxcfsFolder}`,
    ...(ownStat ? [`--bind-ro=${dirname(statFile(host.name))}:${statFolder}`] : []),
    ...ownFolders.map((path) => `--bind=${ownFolder(host, path)}:${path}`),
    // Home folders of this machine, the project's working copy and the lab's own state are not part of a host.
    ...['/root', '/home', stateFolder, repositoryRoot].map((path) => `--tmpfs=${path}`),
  ];
}

async function writeRoot(host: LabHost, files: readonly HostFile[]): Promise<void> {
  const folders = ['upper', 'work', 'root'].map((name) => join(hostFolder(host), name));
  for (const path of [...folders, ...ownFolders.map((own) => ownFolder(host, own))]) {
    await mkdir(path, { recursive: true });
  }
  for (const entry of files) {
    const own = ownFolders.find((folder) => entry.path.startsWith(`${folder}/`));
    const place =
      own === undefined
        ? join(hostFolder(host), 'upper', entry.path)
        : join(ownFolder(host, own), entry.path.slice(own.length));
    await mkdir(dirname(place), { recursive: true });
    if (entry.kind === 'link') await symlink(entry.target, place);
    else await writeFile(place, entry.content, { mode: entry.kind === 'program' ? 0o755 : 0o644 });
  }
}

function limitsOf(host: LabHost): GroupLimits {
  return { cpuCores: host.cpuCores, cpuShares: hostCpuShares, memoryBytes: host.memoryBytes };
}

function hostFolder(host: LabHost): string {
  return join(hostsFolder, host.name);
}

function rootFolder(host: LabHost): string {
  return join(hostFolder(host), 'root');
}

function readyFile(host: LabHost): string {
  return join(hostFolder(host), 'ready');
}

function ownFolder(host: LabHost, path: string): string {
  return join(hostFolder(host), 'own', path.slice(1).replaceAll('/', '-'));
}
