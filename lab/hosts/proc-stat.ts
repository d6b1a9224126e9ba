// Computes a host's /proc/stat from the CPU time of its control group (pure).

/** CPU time of a group since it was made (cgroup v2, cpu.stat). */
export interface CpuTime {
  readonly userUs: number;
  readonly systemUs: number;
}

/** State from one reading to the next: counters start at zero with the first reading and never fall. */
export interface StatCounters {
  readonly first: CpuTime;
  readonly firstAtMs: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly idleUs: number;
}

/** proc(5): the unit is USER_HZ, 100 a second on every architecture that Debian has. */
const tickUs = 10_000;
/** Room for 300 years of ticks; a constant length, so that a rewritten file is never longer than its new content. */
const fieldWidth = 12;

export function parseCpuStat(text: string): CpuTime {
  const field = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { userUs: field('user_usec'), systemUs: field('system_usec') };
}

/** Idle is the time of the cores that the group did not use. A group whose time fell is a new one and starts at zero. */
export function nextCounters(
  previous: StatCounters | undefined,
  now: CpuTime,
  nowMs: number,
  cpuCores: number,
): StatCounters {
  const isSame =
    previous !== undefined && now.userUs >= previous.first.userUs && now.systemUs >= previous.first.systemUs;
  const { first, firstAtMs } = isSame ? previous : { first: now, firstAtMs: nowMs };
  const userUs = now.userUs - first.userUs;
  const systemUs = now.systemUs - first.systemUs;
  const offeredUs = (nowMs - firstAtMs) * 1000 * cpuCores;
  // A quota holds over its period, not at every moment: for an instant the group may have used more than its cores offer.
  const idleUs = Math.max(isSame ? previous.idleUs : 0, offeredUs - userUs - systemUs);
  return { first, firstAtMs, userUs, systemUs, idleUs };
}

/** The file's content: the sum, then a line for each core. */
export function formatStat({ userUs, systemUs, idleUs }: StatCounters, cpuCores: number): string {
  const ticks = (us: number, share: number): string =>
    String(Math.floor(us / share / tickUs)).padStart(fieldWidth);
  const line = (name: string, share: number): string =>
    `${name} ${ticks(userUs, share)} 0 ${ticks(systemUs, share)} ${ticks(idleUs, share)} 0 0 0 0 0 0\n`;
  // The group's time is not known for each core, so it is split evenly.
  const cores = Array.from({ length: cpuCores }, (_, index) => line(`cpu${index}`, cpuCores));
  return `${line('cpu ', 1)}${cores.join('')}ctxt 0\nbtime 0\nprocesses 0\nprocs_running 1\nprocs_blocked 0\n`;
}
