// Reads how much CPU the control groups of a VM's vCPUs allow: by libvirt's cputune, or set by somebody else.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CpuLimitRoots {
  /** Has libvirt/qemu/NAME.pid; "/run". */
  readonly run: string;
  readonly proc: string;
  readonly sys: string;
}

/** A group of the hierarchy that has the cpu controller. */
interface Group {
  /** Where that hierarchy is mounted. */
  readonly top: string;
  /** From the top down: machine.slice, machine-qemu\\x2d1\\x2dweb1.scope, libvirt, vcpu0. */
  readonly levels: readonly string[];
}

/**
 * Cores that the VM may use; undefined without a limit, or where it cannot be seen. Only groups below that of this host's
 * first process count: a limit around the host is what the host is, and waiting for it is demand.
 */
export function readCpuLimit(vmName: string, roots: CpuLimitRoots): number | undefined {
  if (vmName.includes('/')) return undefined;
  try {
    const pid = readText(join(roots.run, 'libvirt/qemu', `${vmName}.pid`));
    return limitOf(pid, roots);
  } catch {
    // The VM has ended, or this host hides what it would take to know.
    return undefined;
  }
}

function limitOf(pid: string, roots: CpuLimitRoots): number | undefined {
  const tasks = join(roots.proc, pid, 'task');
  const threads = readdirSync(tasks).filter((tid) => isVcpu(readText(join(tasks, tid, 'comm'))));
  const host = hostGroup(roots);
  const groups = threads.map((tid) => foldersBelow(groupOf(join(tasks, tid, 'cgroup'), roots), host));
  /** How many of its vCPUs each group holds. */
  const holds = new Map<string, number>();
  for (const folder of groups.flat()) holds.set(folder, (holds.get(folder) ?? 0) + 1);
  const quotas = new Map([...holds.keys()].map((folder) => [folder, quotaCores(folder)] as const));
  const quotasOf = (folders: readonly string[], isShared: boolean): number[] =>
    folders
      .filter((folder) => (holds.get(folder) ?? 0) > 1 === isShared)
      .flatMap((folder) => quotas.get(folder) ?? []);
  const sum = groups.reduce((cores, folders) => cores + Math.min(1, ...quotasOf(folders, false)), 0);
  const limit = Math.min(sum, ...quotasOf([...holds.keys()], true));
  return threads.length > 0 && limit < threads.length ? limit : undefined;
}

/** QEMU names its vCPU threads "CPU 0/KVM" (util/qemu-thread, accel/*). */
function isVcpu(comm: string): boolean {
  return /^CPU \d+\//.test(comm);
}

/** That of the host's first process, without the leaf that systemd gives it. */
function hostGroup(roots: CpuLimitRoots): Group {
  const { top, levels } = groupOf(join(roots.proc, '1/cgroup'), roots);
  return { top, levels: levels.at(-1) === 'init.scope' ? levels.slice(0, -1) : levels };
}

/** The folders of the group and of those above it, below the host's. In a container the host's own is mounted as the top. */
function foldersBelow({ top, levels }: Group, host: Group): string[] {
  const own = host.levels.length;
  const start = existsSync(join(top, ...host.levels)) ? join(top, ...host.levels) : top;
  return levels.slice(own).map((_, at) => join(start, ...levels.slice(own, own + at + 1)));
}

/** Of the cpu controller: in a hierarchy of its own (v1), or in the one for all (v2). */
function groupOf(file: string, { sys }: CpuLimitRoots): Group {
  const lines = readText(file).split('\n');
  const v1 = lines.find((line) => line.split(':')[1]?.split(',').includes('cpu') === true);
  const [, controllers = '', path = '/'] =
    /^\d+:([^:]*):(.*)$/.exec(v1 ?? lines.find((line) => line.startsWith('0::')) ?? '') ?? [];
  return {
    top: join(sys, 'fs/cgroup', controllers),
    levels: path.split('/').filter((level) => level !== ''),
  };
}

/** Undefined for a group without a quota, or one that is not seen from here. */
function quotaCores(folder: string): number | undefined {
  const [quota, period] = tryRead(join(folder, 'cpu.max'))?.split(' ') ?? [
    tryRead(join(folder, 'cpu.cfs_quota_us')),
    tryRead(join(folder, 'cpu.cfs_period_us')),
  ];
  const cores = Number(quota) / Number(period);
  return cores > 0 && Number.isFinite(cores) ? cores : undefined;
}

function tryRead(file: string): string | undefined {
  try {
    return readText(file);
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  return readFileSync(file, 'utf8').trim();
}
