// Reads the counters of all VMs once a tick, so that a guest whose monitor hangs does not block the others.
//
// A bulk call blocks on a stuck guest for as long as it is stuck (storage gone, QEMU stopped), NOWAIT or not, and libvirtd
// offers no way to cancel it. Such a call is left to finish; over a second connection libvirtd is asked which guests are stuck,
// and the others are read by name. Bulk calls are used again once that call has returned and no guest is stuck.
import type { Clock } from '../../shared/clock.ts';
import { DeadlineError, messageOf } from '../../shared/errors.ts';
import { HOUR_MS } from '../../shared/units.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ControlState, ErrorCode, ListDomainsFlag, StatsFlag, StatsGroup } from '../libvirt/constants.ts';
import { getControlInfo, getInfo, listDomains, type DomainRef } from '../libvirt/domain.ts';
import { isLibvirtError, LibvirtConnectionError, LibvirtError } from '../libvirt/errors.ts';
import type { DomainStats } from '../libvirt/stats-fields.ts';
import { getAllDomainStats, type StatsRequest } from '../libvirt/stats.ts';

export interface VmRead {
  readonly counters: DomainStats;
  /** Middle of the call, on the monotonic clock: at most half a call away from the moment the guest was read. */
  readonly atMs: number;
  readonly isStuck: boolean;
}

export type VmReadResult =
  /** All active VMs; stuck ones only with the counters that need no monitor. */
  | { readonly kind: 'complete'; readonly vms: readonly VmRead[] }
  /** libvirt is away or too slow. */
  | { readonly kind: 'incomplete'; readonly reason: string };

export interface VmReaderOptions {
  /** For bulk calls only; undefined while libvirt is away. */
  readonly bulkConnection: () => Connection | undefined;
  /** For all other calls, since a stuck bulk call holds a slot of its connection. */
  readonly sideConnection: () => Connection | undefined;
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

const GROUPS =
  StatsGroup.state |
  StatsGroup.cpu |
  StatsGroup.balloon |
  StatsGroup.vcpu |
  StatsGroup.interface |
  StatsGroup.block;
/** What libvirtd knows without asking QEMU. */
const GROUPS_WITHOUT_MONITOR = StatsGroup.state | StatsGroup.interface;
/** A guest may be stuck for hours and then answer, so the call is tracked that long. */
const OUTSTANDING_MAX_MS = 24 * HOUR_MS;
/** Share of the interval after which a call is overdue. oVirt's VDSM also allows half. */
const OVERDUE_SHARE = 0.5;
/** Share of the interval at which reading ends in any case, so that the report leaves before the next tick. */
const END_SHARE = 0.9;
/** Share of the interval: a guest whose monitor is busy for longer is stuck. Healthy answers take milliseconds. */
const STUCK_SHARE = 0.25;
/** Reads by name that may hang, each on a guest that got stuck during it; this leaves two of the connection's slots free. */
const HUNG_READS_MAX = 2;
/** Below the connection's 4 slots, so that queries leave room for other calls. */
const CONCURRENT_QUESTIONS = 2;

type Outcome =
  | { readonly kind: 'read'; readonly vms: DomainStats[]; readonly atMs: number }
  | { readonly kind: 'failed'; readonly error: unknown };

/** A statistics call in flight. */
interface Call {
  readonly outcome: Promise<Outcome>;
}

/** Ends of this tick's phases, on the monotonic clock. */
interface Times {
  readonly overdueMs: number;
  readonly endMs: number;
}

export class VmReader {
  readonly #options: VmReaderOptions;
  #bulk: Call | undefined;
  readonly #hungReads = new Set<Call>();

  constructor(options: VmReaderOptions) {
    this.#options = options;
  }

  /** Takes at most 0.9 intervals. Never rejects because of libvirt. */
  async read(): Promise<VmReadResult> {
    const { clock, intervalMs, signal } = this.#options;
    const startedMs = clock.monotonicMs();
    const times = {
      overdueMs: startedMs + OVERDUE_SHARE * intervalMs,
      endMs: startedMs + END_SHARE * intervalMs,
    };
    try {
      return await this.#read(times);
    } catch (error) {
      if (isForeign(error) || signal.aborted) return { kind: 'incomplete', reason: messageOf(error) };
      throw error;
    }
  }

  async #read(times: Times): Promise<VmReadResult> {
    const old = this.#bulk;
    if (old !== undefined) {
      const domains = await this.#askDomains(times);
      if (domains.stuck.length > 0) return this.#readByName(domains, times);
      // No guest is stuck any more, so the old call returns now. It mixes old and new counters and is not used.
      if (!(await this.#comesBack(old, times.overdueMs))) return TOO_SLOW;
    }
    const bulk = this.#startBulk();
    if (bulk === undefined) return { kind: 'incomplete', reason: 'not connected to libvirt' };
    if (!(await this.#comesBack(bulk, times.overdueMs))) {
      const domains = await this.#askDomains(times);
      if (domains.stuck.length > 0) return this.#readByName(domains, times);
      if (!(await this.#comesBack(bulk, times.endMs))) return TOO_SLOW;
    }
    const outcome = await bulk.outcome;
    if (outcome.kind === 'read') return this.#withStuckMarked(outcome, times);
    // Up to libvirt 9, one guest whose statistics fail makes the whole call fail.
    if (outcome.error instanceof LibvirtError) return this.#readByName(await this.#askDomains(times), times);
    throw outcome.error;
  }

  #startBulk(): Call | undefined {
    const connection = this.#options.bulkConnection();
    if (connection === undefined) return undefined;
    const call = this.#start(connection, { groups: GROUPS, flags: StatsFlag.active | StatsFlag.noWait });
    this.#bulk = call;
    void call.outcome.then(() => {
      if (this.#bulk === call) this.#bulk = undefined;
    });
    return call;
  }

  #start(connection: Connection, request: StatsRequest): Call {
    const { clock, signal } = this.#options;
    const startedMs = clock.monotonicMs();
    const reply = getAllDomainStats(connection, request, { signal, timeoutMs: OUTSTANDING_MAX_MS });
    return {
      outcome: reply.then(
        (vms) => ({ kind: 'read', vms, atMs: (startedMs + clock.monotonicMs()) / 2 }),
        (error: unknown) => ({ kind: 'failed', error }),
      ),
    };
  }

  /** True if the call returns, with whatever outcome, before `untilMs`. Stopping the agent makes it return. */
  async #comesBack(call: Call, untilMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const timer = new AbortController();
    const late = clock.sleep(Math.max(0, untilMs - clock.monotonicMs()), timer.signal).then(
      () => false,
      () => false,
    );
    try {
      return await Promise.race([call.outcome.then(() => true), late]);
    } finally {
      timer.abort();
    }
  }

  /**
   * After a restart of agent or libvirtd, or when another program already hangs on the guest, the bulk call skips a stuck
   * guest, whose counters then lack all that only QEMU knows.
   */
  async #withStuckMarked(
    { vms, atMs }: { readonly vms: readonly DomainStats[]; readonly atMs: number },
    times: Times,
  ): Promise<VmReadResult> {
    const skipped = vms.filter(({ balloon }) => balloon?.rssBytes === undefined).map(({ domain }) => domain);
    const stuck = skipped.length === 0 ? [] : (await this.#askControl(skipped, times)).stuck;
    const stuckUuids = new Set(stuck.map(({ uuid }) => uuid));
    return {
      kind: 'complete',
      vms: vms.map((counters) => ({ counters, atMs, isStuck: stuckUuids.has(counters.domain.uuid) })),
    };
  }

  /** Lists the active VMs, healthy and stuck. */
  async #askDomains(times: Times): Promise<Domains> {
    return this.#askControl(
      await listDomains(this.#side(), ListDomainsFlag.active, this.#wait(times)),
      times,
    );
  }

  async #askControl(domains: readonly DomainRef[], times: Times): Promise<Domains> {
    const side = this.#side();
    const stuckMs = STUCK_SHARE * this.#options.intervalMs;
    const healthy: DomainRef[] = [];
    const stuck: DomainRef[] = [];
    await inTurn(domains, async (domain) => {
      const info = await unlessGone(getControlInfo(side, domain, this.#wait(times)));
      if (info === undefined) return;
      const isInMonitor = info.state === ControlState.occupied && info.stateTimeMs >= stuckMs;
      (isInMonitor || info.state === ControlState.error ? stuck : healthy).push(domain);
    });
    return { healthy, stuck };
  }

  /** Reads healthy VMs by name, and of stuck ones what libvirtd knows without QEMU. */
  async #readByName({ healthy, stuck }: Domains, times: Times): Promise<VmReadResult> {
    const vms = [...(await this.#readHealthy(healthy, times)), ...(await this.#readStuck(stuck, times))];
    return { kind: 'complete', vms };
  }

  async #readHealthy(domains: readonly DomainRef[], times: Times): Promise<readonly VmRead[]> {
    // An empty list would mean all VMs.
    if (domains.length === 0) return [];
    if (this.#hungReads.size >= HUNG_READS_MAX)
      throw new LibvirtConnectionError('several reads of VM statistics hang on guests that got stuck');
    const call = this.#start(this.#side(), { domains, groups: GROUPS, flags: StatsFlag.noWait });
    this.#hungReads.add(call);
    void call.outcome.then(() => this.#hungReads.delete(call));
    if (!(await this.#comesBack(call, times.endMs)))
      throw new DeadlineError('read VM statistics by name', END_SHARE * this.#options.intervalMs);
    const outcome = await call.outcome;
    if (outcome.kind === 'read')
      return outcome.vms.map((counters) => ({ counters, atMs: outcome.atMs, isStuck: false }));
    // One VM makes the call fail for all: read them one by one, and treat the one that fails as stuck.
    if (!(outcome.error instanceof LibvirtError) || domains.length === 1) throw outcome.error;
    const vms: VmRead[] = [];
    for (const domain of domains) vms.push(...(await this.#readOne(domain, times)));
    return vms;
  }

  async #readOne(domain: DomainRef, times: Times): Promise<readonly VmRead[]> {
    try {
      return await this.#readHealthy([domain], times);
    } catch (error) {
      if (error instanceof LibvirtError) return this.#readStuck([domain], times);
      throw error;
    }
  }

  async #readStuck(domains: readonly DomainRef[], times: Times): Promise<readonly VmRead[]> {
    if (domains.length === 0) return [];
    const { clock } = this.#options;
    const side = this.#side();
    const request = { domains, groups: GROUPS_WITHOUT_MONITOR, flags: StatsFlag.noWait };
    const stats = await getAllDomainStats(side, request, this.#wait(times));
    const vms: VmRead[] = [];
    await inTurn(stats, async (counters) => {
      const info = await unlessGone(getInfo(side, counters.domain, this.#wait(times)));
      if (info === undefined) return;
      const { cpuTimeMs, vcpus: vcpuCurrent, memoryBytes, memoryMaximumBytes } = info;
      const balloon = { currentBytes: memoryBytes, maximumBytes: memoryMaximumBytes };
      const known = { ...counters, cpuTimeMs, vcpuCurrent, balloon };
      vms.push({ counters: known, atMs: clock.monotonicMs(), isStuck: true });
    });
    return vms;
  }

  #side(): Connection {
    const connection = this.#options.sideConnection();
    if (connection === undefined) throw new LibvirtConnectionError('second connection to libvirt is lost');
    return connection;
  }

  #wait({ endMs }: Times): { signal: AbortSignal; timeoutMs: number } {
    const { clock, signal } = this.#options;
    return { signal, timeoutMs: Math.max(1, endMs - clock.monotonicMs()) };
  }
}

interface Domains {
  readonly healthy: readonly DomainRef[];
  readonly stuck: readonly DomainRef[];
}

const TOO_SLOW = {
  kind: 'incomplete',
  reason:
    'libvirt takes longer for its statistics than the sampling interval allows; raise sampling.intervalS',
} as const;

/** True for failures caused by libvirt or its absence. */
function isForeign(error: unknown): boolean {
  return (
    error instanceof LibvirtError || error instanceof LibvirtConnectionError || error instanceof DeadlineError
  );
}

/** The answer; undefined when the VM has ended since it was listed. */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isLibvirtError(error, ErrorCode.noDomain)) return undefined;
    throw error;
  }
}

/** Runs `work` on all items, a few at a time. */
async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENT_QUESTIONS }, worker));
}
