// Reads the counters of all VMs once a tick, in a way that a guest whose monitor hangs does not keep the others from being read.
//
// A bulk call stops at a stuck guest for as long as it is stuck (storage gone, QEMU stopped), NOWAIT or not, and libvirtd
// offers no way to cancel it. So such a call is left alone; on a second connection libvirtd is asked which guests are stuck,
// and the others are read by name. The bulk call is used again once it has come back and no guest is stuck.
import type { Clock } from '../../shared/clock.ts';
import { DeadlineError } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { HOUR_MS } from '../../shared/units.ts';
import type { Connection } from '../libvirt/connection.ts';
import { ControlState, ErrorCode, ListDomainsFlag, StatsFlag, StatsGroup } from '../libvirt/constants.ts';
import { getControlInfo, getInfo, listDomains, type DomainRef } from '../libvirt/domain.ts';
import { isLibvirtError, LibvirtConnectionError, LibvirtError } from '../libvirt/errors.ts';
import { getAllDomainStats, type DomainStats, type StatsRequest } from '../libvirt/stats.ts';

export interface VmRead {
  readonly counters: DomainStats;
  /** Middle of the call, on the monotonic clock: a guest's true moment is then at most half a call away. */
  readonly atMs: number;
  readonly isStuck: boolean;
}

export type VmReadResult =
  /** All active VMs; of the stuck ones what needs no monitor. */
  | { readonly kind: 'complete'; readonly vms: readonly VmRead[] }
  /** libvirt is away or too slow. */
  | { readonly kind: 'incomplete'; readonly reason: string };

export interface VmReaderOptions {
  /** For bulk calls alone; undefined while libvirt is away. */
  readonly bulkConnection: () => Connection | undefined;
  /** For everything else, since a stuck bulk call holds a slot of its connection. */
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
/** A guest may be stuck for hours and then answer; the call is watched that long. */
const OUTSTANDING_MAX_MS = 24 * HOUR_MS;
/** Of the interval: after this a call is overdue. oVirt's VDSM gives it the same half. */
const OVERDUE_SHARE = 0.5;
/** Of the interval: when reading ends in any case, so that the report goes out before the next tick. */
const END_SHARE = 0.9;
/** Of the interval: in its monitor for longer, a guest is stuck. Healthy answers take milliseconds. */
const STUCK_SHARE = 0.25;
/** Reads by name that may hang, each at a guest that got stuck meanwhile; the connection keeps two slots for questions. */
const HUNG_READS_MAX = 2;
/** Below the connection's 4 slots, so that questions leave room. */
const CONCURRENT_QUESTIONS = 2;

type Outcome =
  | { readonly kind: 'read'; readonly vms: DomainStats[]; readonly atMs: number }
  | { readonly kind: 'failed'; readonly error: unknown };

/** A statistics call on its way. */
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

  /** Takes at most 0.9 intervals. Never rejects for what libvirt does. */
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
      // Nothing is stuck any more: the old call comes back now. It mixes old and new counters and is not used.
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
    // Up to libvirt 9 one guest whose statistics fail makes the whole call fail.
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

  /** Whether the call comes back, with whatever outcome, before `untilMs`. Stopping brings it back. */
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
   * After a restart of agent or libvirtd, or when another program hangs at the guest already, the bulk call skips a stuck
   * guest: it then lacks what only QEMU could have told.
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

  /** Which VMs are active, and which of them are stuck. */
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

  /** Statistics of the healthy VMs by name, and of the stuck ones what libvirtd knows by itself. */
  async #readByName({ healthy, stuck }: Domains, times: Times): Promise<VmReadResult> {
    const vms = [...(await this.#readHealthy(healthy, times)), ...(await this.#readStuck(stuck, times))];
    return { kind: 'complete', vms };
  }

  async #readHealthy(domains: readonly DomainRef[], times: Times): Promise<readonly VmRead[]> {
    // No names would mean all.
    if (domains.length === 0) return [];
    if (this.#hungReads.size >= HUNG_READS_MAX)
      throw new LibvirtConnectionError('several reads of VM statistics hang at guests that got stuck');
    const call = this.#start(this.#side(), { domains, groups: GROUPS, flags: StatsFlag.noWait });
    this.#hungReads.add(call);
    void call.outcome.then(() => this.#hungReads.delete(call));
    if (!(await this.#comesBack(call, times.endMs)))
      throw new DeadlineError('read VM statistics by name', END_SHARE * this.#options.intervalMs);
    const outcome = await call.outcome;
    if (outcome.kind === 'read')
      return outcome.vms.map((counters) => ({ counters, atMs: outcome.atMs, isStuck: false }));
    // One of them fails the call for all: ask one by one, and take the one that fails for stuck.
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
    if (connection === undefined) throw new LibvirtConnectionError('second connection to libvirt is away');
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
  reason: 'libvirt takes longer for statistics than the sampling interval allows; raise sampling.intervalS',
} as const;

/** What libvirt, or its absence, brings about. */
function isForeign(error: unknown): boolean {
  return (
    error instanceof LibvirtError || error instanceof LibvirtConnectionError || error instanceof DeadlineError
  );
}

/** The answer, or undefined when the VM has ended since it was listed. */
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
