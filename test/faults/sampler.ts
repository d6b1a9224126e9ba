// Samples every QEMU of the lab ten times a second: in which copies of a VM vCPUs run, and whether any copy exists.
import { readFile, readdir } from 'node:fs/promises';
import { hostNames, isHostName, type HostName } from '../../lab/topology.ts';
import { overlaps, type RunSample } from './intervals.ts';

/** A QEMU process that has a VM. */
export interface QemuCopy {
  readonly pid: number;
  readonly host: HostName;
  readonly vm: string;
}

export interface SamplerReport {
  readonly looks: number;
  /** Two copies of one VM whose vCPUs both ran, in words. */
  readonly ranTwice: readonly string[];
  /** Longest time without any process of the VM that was watched, in milliseconds. */
  readonly longestAbsenceMs: number;
}

const periodMs = 100;
/** Finding new processes reads all of /proc: every third look is enough for copies that take seconds to come. */
const searchEvery = 3;

/** Watches the copies of one VM until stopped. */
export class Sampler {
  readonly #vm: string;
  readonly #samples: RunSample[] = [];
  readonly #ran = new Map<number, { atMs: number; ranNs: bigint }>();
  #copies: readonly QemuCopy[] = [];
  #looks = 0;
  #absentSinceMs: number | undefined;
  #longestAbsenceMs = 0;
  #isStopped = false;
  #done: Promise<void> | undefined;

  constructor(vm: string) {
    this.#vm = vm;
  }

  start(): void {
    this.#done = this.#run();
  }

  async stop(): Promise<SamplerReport> {
    this.#isStopped = true;
    await this.#done;
    const originMs = this.#samples[0]?.fromMs ?? 0;
    const at = (ms: number): string => `${((ms - originMs) / 1_000).toFixed(1)} s`;
    return {
      looks: this.#looks,
      ranTwice: overlaps(this.#samples).map(
        ({ copies, fromMs, toMs }) => `${copies.join(' and ')} both ran from ${at(fromMs)} to ${at(toMs)}`,
      ),
      longestAbsenceMs: Math.round(this.#longestAbsenceMs),
    };
  }

  /** Processor time of each copy of the VM since `sinceMs`, on performance.now()'s scale: the newest last. */
  ranSince(sinceMs: number): readonly RunSample[] {
    return this.#samples.filter(({ fromMs }) => fromMs >= sinceMs);
  }

  async #run(): Promise<void> {
    for (let nextMs = performance.now(); !this.#isStopped; nextMs += periodMs) {
      const waitMs = nextMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      else nextMs = performance.now();
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    if (this.#looks % searchEvery === 0)
      this.#copies = (await findQemus()).filter(({ vm }) => vm === this.#vm);
    this.#looks += 1;
    let living = 0;
    for (const copy of this.#copies) {
      const ranNs = await vcpuTimeNs(copy.pid);
      if (ranNs === undefined) continue;
      living += 1;
      const atMs = performance.now();
      const before = this.#ran.get(copy.pid);
      this.#ran.set(copy.pid, { atMs, ranNs });
      if (before === undefined) continue;
      const ranMs = Number(ranNs - before.ranNs) / 1e6;
      this.#samples.push({ copy: `${copy.host} (${copy.pid})`, fromMs: before.atMs, toMs: atMs, ranMs });
    }
    this.#noteAbsence(living);
  }

  #noteAbsence(living: number): void {
    const nowMs = performance.now();
    if (living > 0) this.#absentSinceMs = undefined;
    else this.#absentSinceMs ??= nowMs;
    if (this.#absentSinceMs !== undefined)
      this.#longestAbsenceMs = Math.max(this.#longestAbsenceMs, nowMs - this.#absentSinceMs);
  }
}

/** The lab's QEMU processes that run a VM, or are about to receive one. */
export async function findQemus(): Promise<QemuCopy[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => qemuOf(Number(pid))));
  return found.filter((copy) => copy !== undefined);
}

async function qemuOf(pid: number): Promise<QemuCopy | undefined> {
  const name = await readText(`/proc/${pid}/comm`);
  if (!name.startsWith('qemu-system')) return undefined;
  const [, vm] = /\0-name\0guest=([^,\0]+)/.exec(await readText(`/proc/${pid}/cmdline`)) ?? [];
  const [, host] = /\/evenkeel-lab\/([^/\n]+)/.exec(await readText(`/proc/${pid}/cgroup`)) ?? [];
  if (vm === undefined || host === undefined || !isHostName(host)) return undefined;
  return { pid, host, vm };
}

/** Run time of the vCPU threads so far; undefined when the process has gone. QEMU names them "CPU 0/TCG" or "CPU 0/KVM". */
async function vcpuTimeNs(pid: number): Promise<bigint | undefined> {
  const folder = `/proc/${pid}/task`;
  const threads = await readdir(folder).catch(() => undefined);
  if (threads === undefined) return undefined;
  let ranNs = 0n;
  for (const thread of threads) {
    if (!(await readText(`${folder}/${thread}/comm`)).startsWith('CPU ')) continue;
    // scheduler/sched-stats.rst: time spent on the cpu, in nanoseconds, is the first figure.
    const [ran = '0'] = (await readText(`${folder}/${thread}/schedstat`)).split(' ');
    ranNs += BigInt(ran === '' ? 0 : ran);
  }
  return ranNs;
}

/** Empty when the file has gone. */
async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** The hosts that have a process of the VM. */
export async function hostsWithQemu(vm: string): Promise<HostName[]> {
  const found = await findQemus();
  return hostNames.filter((host) => found.some((copy) => copy.vm === vm && copy.host === host));
}
