// Reads the host's counters from /proc. Its root is a setting, so that tests and containers can use another one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import { KIB } from '../../shared/units.ts';
import type { CpuTicks, HostCounters } from './host-rates.ts';

// Linux's page size where the auxiliary vector does not say; the only one on x86.
const PAGE_BYTES_DEFAULT = 4096;
// elf.h: entry of the auxiliary vector that holds the page size.
const AT_PAGESZ = 6n;
const US_PER_MS = 1000;

/**
 * Reads all load figures of /proc at once and synchronously: these are kernel files, so it takes well under a millisecond
 * and is not worth a thread. Throws with the file's name when a file that every kernel has cannot be parsed.
 */
export function readHostCounters(procRoot: string, pageBytes: number): HostCounters {
  const stat = readProc(procRoot, 'stat');
  const memory = readProc(procRoot, 'meminfo');
  const [load1 = 0, load5 = 0, load15 = 0] = numbers('loadavg', 3, readProc(procRoot, 'loadavg'));
  const swapInPages = valueOf(readOptional(procRoot, 'vmstat'), 'pswpin');
  return {
    cpuCores: stat.match(/^cpu\d+ /gm)?.length ?? 0,
    cpuTicks: readCpuTicks(stat),
    memoryBytes: required('meminfo', 'MemTotal', valueOf(memory, 'MemTotal:')) * KIB,
    memoryAvailableBytes: required('meminfo', 'MemAvailable', valueOf(memory, 'MemAvailable:')) * KIB,
    load1,
    load5,
    load15,
    ...(swapInPages === undefined ? {} : { swapInBytes: swapInPages * pageBytes }),
    ...readStalls(procRoot),
  };
}

/** Size of the pages that vmstat counts in: 4 KiB on x86, up to 64 KiB elsewhere. */
export function readPageBytes(): number {
  let vector: Buffer;
  try {
    vector = readFileSync('/proc/self/auxv');
  } catch {
    return PAGE_BYTES_DEFAULT;
  }
  // Pairs of native words. The only big-endian host that runs both Node and KVM guests is s390x, whose pages are 4 KiB.
  for (let at = 0; at + 16 <= vector.length; at += 16)
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  return PAGE_BYTES_DEFAULT;
}

function readCpuTicks(stat: string): CpuTicks {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = numbers(
    'stat',
    8,
    line,
  );
  return { user, nice, system, idle, iowait, irq, softirq, steal };
}

type Stalls = Pick<
  HostCounters,
  'cpuSomeStallMs' | 'memorySomeStallMs' | 'memoryFullStallMs' | 'ioSomeStallMs'
>;

/** https://docs.kernel.org/accounting/psi.html. A kernel may lack PSI or have it turned off; the figures are then absent. */
function readStalls(procRoot: string): Stalls {
  const memory = readOptional(procRoot, 'pressure/memory');
  return {
    ...stall('cpuSomeStallMs', 'some', readOptional(procRoot, 'pressure/cpu')),
    ...stall('memorySomeStallMs', 'some', memory),
    ...stall('memoryFullStallMs', 'full', memory),
    ...stall('ioSomeStallMs', 'some', readOptional(procRoot, 'pressure/io')),
  };
}

function stall(key: keyof Stalls, line: string, text: string | undefined): Stalls {
  const us = new RegExp(`^${line} .*total=(\\d+)`, 'm').exec(text ?? '')?.[1];
  return us === undefined ? {} : { [key]: Number(us) / US_PER_MS };
}

function readProc(procRoot: string, name: string): string {
  const path = join(procRoot, name);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new EvenkeelError(
      'UNAVAILABLE',
      `read ${path}: ${messageOf(error)}; check sampling.procRoot`,
      error,
    );
  }
}

function readOptional(procRoot: string, name: string): string | undefined {
  try {
    return readFileSync(join(procRoot, name), 'utf8');
  } catch {
    return undefined;
  }
}

/** The first `count` words of `text`, which must be numbers. */
function numbers(file: string, count: number, text: string): number[] {
  const values = text.trim().split(/\s+/, count).map(Number);
  if (values.length < count || values.some((value) => !Number.isFinite(value)))
    throw new EvenkeelError('UNAVAILABLE', `read /proc/${file}: "${text.trim()}"; check sampling.procRoot`);
  return values;
}

/** The number after `name` at the start of a line. */
function valueOf(text: string | undefined, name: string): number | undefined {
  const value = new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(text ?? '')?.[1];
  return value === undefined ? undefined : Number(value);
}

function required(file: string, name: string, value: number | undefined): number {
  if (value === undefined)
    throw new EvenkeelError('UNAVAILABLE', `read /proc/${file}: no ${name}; check sampling.procRoot`);
  return value;
}
