// Reads host and VMs at each tick, a wall-clock multiple of the interval, and makes one report of them.
import { messageOf } from '../../shared/errors.ts';
import type { AgentStatus, HostReport, VmSample } from '../../shared/gen/telemetry.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { KnownHost } from './facts.ts';
import { readHostCounters } from './host.ts';
import { hostSample, type HostReading } from './host-rates.ts';
import { vmSample, type VmReading } from './rates.ts';
import { updateLifetimes, wakeBalloons, type CareOptions, type RememberedVm } from './vm-care.ts';
import type { VmRead, VmReader, VmReadResult } from './vm-reader.ts';

export interface SamplerOptions extends CareOptions {
  readonly reader: VmReader;
  readonly lifetimes: Lifetimes;
  /** Undefined until libvirt has reported the host's id. */
  readonly host: () => KnownHost | undefined;
  readonly publisherStatus: () => Omit<AgentStatus, 'sampleDurationMs' | 'stuckVms'>;
  readonly onReport: (report: HostReport) => void;
  readonly bootId: string;
  readonly procRoot: string;
  readonly pageBytes: number;
}

/** The next multiple of the interval after `nowMs` that is not `lastMs`: timers may fire a moment early. */
export function nextTickAtMs(nowMs: number, intervalMs: number, lastMs: number): number {
  const nextMs = (Math.floor(nowMs / intervalMs) + 1) * intervalMs;
  return nextMs === lastMs ? nextMs + intervalMs : nextMs;
}

export class Sampler {
  readonly #options: SamplerOptions;
  #previousHost: HostReading | undefined;
  #sequence = 0;
  #lastTickMs: number;
  /** What was last logged, so that only changes are logged. */
  #stuckNames = '';
  #incompleteReason = '';

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#lastTickMs = options.clock.monotonicMs();
  }

  /** Time of the last tick, on the monotonic clock. */
  get lastTickMs(): number {
    return this.#lastTickMs;
  }

  /** Ticks until stopped. A tick that takes longer than the interval skips the next one. */
  async run(): Promise<void> {
    const { clock, intervalMs, signal } = this.#options;
    let tickAtMs = 0;
    while (!signal.aborted) {
      tickAtMs = nextTickAtMs(clock.nowMs(), intervalMs, tickAtMs);
      try {
        await clock.sleep(tickAtMs - clock.nowMs(), signal);
      } catch {
        return;
      }
      await this.#tick(tickAtMs);
    }
  }

  async #tick(tickAtMs: number): Promise<void> {
    const { clock, reader, lifetimes } = this.#options;
    const startedMs = clock.monotonicMs();
    const hostReading = this.#readHost();
    const result = await reader.read();
    const vms = result.kind === 'complete' ? remember(result.vms, lifetimes) : [];
    await updateLifetimes(vms, this.#options, startedMs);
    const samples = this.#vmSamples(vms);
    this.#logChanges(result, samples);
    this.#report(tickAtMs, startedMs, { hostReading, samples, isComplete: result.kind === 'complete' });
    await wakeBalloons(vms, this.#options, startedMs);
    this.#lastTickMs = clock.monotonicMs();
  }

  #report(tickAtMs: number, startedMs: number, { hostReading, samples, isComplete }: Readings): void {
    const { clock, intervalMs, bootId, publisherStatus, host, onReport, signal } = this.#options;
    const previous = this.#previousHost;
    this.#previousHost = hostReading ?? previous;
    const known = host();
    if (known === undefined || signal.aborted) return;
    this.#sequence += 1;
    onReport({
      ...known,
      bootId,
      sequence: this.#sequence,
      tickAtMs,
      intervalMs,
      host: hostReading === undefined ? null : hostSample(previous, hostReading, samples),
      vms: samples,
      vmsComplete: isComplete,
      agent: {
        ...publisherStatus(),
        sampleDurationMs: clock.monotonicMs() - startedMs,
        stuckVms: samples.filter(({ stuck }) => stuck).length,
      },
    });
  }

  #readHost(): HostReading | undefined {
    const { clock, procRoot, pageBytes, logger } = this.#options;
    try {
      return { counters: readHostCounters(procRoot, pageBytes), atMs: clock.monotonicMs() };
    } catch (error) {
      logger.error({ cause: messageOf(error) }, 'cannot read the host counters, reporting VMs only');
      return undefined;
    }
  }

  #vmSamples(vms: readonly RememberedVm[]): VmSample[] {
    const { clock, intervalMs } = this.#options;
    const nowMs = clock.nowMs();
    return vms.map(({ read: { counters, atMs, isStuck }, lifetime }) => {
      const current: VmReading = { counters, atMs, description: lifetime.description };
      const { cpuLimitCores, isMigratingOut, obstacles, previous } = lifetime;
      lifetime.readings += 1;
      // The reading of a stuck guest lacks counters, so the next rates cannot start from it.
      if (!isStuck) lifetime.previous = current;
      const context = { nowMs, intervalMs, isMigratingOut, isStuck, cpuLimitCores, obstacles };
      const sample = vmSample(previous, current, context);
      lifetime.isAskable = isAskable(sample);
      return sample;
    });
  }

  #logChanges(result: VmReadResult, vms: readonly VmSample[]): void {
    const { logger } = this.#options;
    const reason = result.kind === 'incomplete' ? result.reason : '';
    if (reason !== this.#incompleteReason) {
      this.#incompleteReason = reason;
      if (reason === '') logger.info({ vms: vms.length }, 'reports have VM statistics again');
      else logger.warn({ cause: reason }, 'reports have no VM statistics');
    }
    if (result.kind === 'incomplete') return;
    const names = vms.filter(({ stuck }) => stuck).map(({ name }) => name);
    const stuckNames = names.join(', ');
    if (stuckNames === this.#stuckNames) return;
    this.#stuckNames = stuckNames;
    if (names.length === 0) logger.info('no VMs are stuck any more');
    else
      logger.warn(
        { vms: names },
        'VMs do not answer: their QEMU processes hang; check their storage and the processes',
      );
  }
}

/** libvirt would make the question wait for the end of a migration, and QEMU's answer is needed. */
function isAskable({ counted, stuck, migrationRole, state }: VmSample): boolean {
  const isRunning = state === 'VM_STATE_RUNNING' || state === 'VM_STATE_BLOCKED';
  return isRunning && counted && !stuck && migrationRole === 'VM_MIGRATION_ROLE_UNSPECIFIED';
}

interface Readings {
  readonly hostReading: HostReading | undefined;
  readonly samples: VmSample[];
  readonly isComplete: boolean;
}

/** Joins each reading with its VM's lifetime, and forgets the VMs that are gone. */
function remember(reads: readonly VmRead[], lifetimes: Lifetimes): RememberedVm[] {
  const vms = reads
    // A VM that ended while it was being read no longer has an id.
    .filter(({ counters }) => counters.domain.id >= 0)
    .map((read) => ({ read, lifetime: lifetimes.of(read.counters.domain) }));
  lifetimes.keepOnly(new Set(vms.map(({ read }) => read.counters.domain.uuid)));
  return vms;
}
