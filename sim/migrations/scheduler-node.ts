// Runs one scheduler: the real lease, journal, slots and runner, over a simulated store and network.
import { pause } from '../../shared/clock.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { migrationCodec } from '../../shared/proto/load.ts';
import { Agent } from '../../scheduler/cluster/agents.ts';
import { Lease, LEASE_TIMEOUT_MS } from '../../scheduler/leader/lease.ts';
import type { MigrationAgents } from '../../scheduler/migrations/agent-calls.ts';
import { Journal } from '../../scheduler/migrations/journal.ts';
import type { Knowledge } from '../../scheduler/migrations/knowledge.ts';
import { Runner, type MigrationOrder, type RunnerSettings } from '../../scheduler/migrations/runner.ts';
import { Slots } from '../../scheduler/migrations/slots.ts';
import { ledgerOf } from '../../scheduler/restraint/ledger.ts';
import type { Restraint } from '../../scheduler/restraint/cool-down.ts';
import type { Store } from '../../scheduler/store/store.ts';
import type { AgentNode } from './agent-node.ts';
import type { History } from './facts.ts';
import { Life } from '../world/node.ts';
import type { Random } from '../world/random.ts';
import type { Caller, Rpc } from '../world/rpc.ts';
import type { StoreServer } from '../world/store.ts';
import type { ClockFault, Timeline } from '../world/timeline.ts';

export interface SchedulerPlant {
  readonly agents?: (agents: MigrationAgents, life: Life) => MigrationAgents;
  readonly store?: (store: Store) => Store;
}

export interface SchedulerParts {
  readonly timeline: Timeline;
  readonly history: History;
  readonly random: Random;
  readonly rpc: Rpc;
  readonly store: StoreServer;
  readonly agents: ReadonlyMap<string, AgentNode>;
  readonly knowledge: Knowledge;
  readonly settings: RunnerSettings;
  readonly logger: Logger;
  readonly plant: SchedulerPlant;
  readonly newId: () => string;
}

// Pause before a scheduler that cannot open its journal tries again, as the daemon does.
const OPEN_RETRY_MS = 1_000;

interface Serving {
  readonly life: Life;
  /** A crash aborts nothing; only `stop` does. */
  readonly stopping: AbortController;
  runner: Runner | undefined;
}

export class SchedulerNode {
  readonly name: string;
  readonly place: string;
  readonly clockFault: ClockFault;
  readonly #parts: SchedulerParts;
  #serving: Serving | undefined;
  #lives = 0;

  constructor(number: number, clockFault: ClockFault, parts: SchedulerParts) {
    this.name = `scheduler-${number}`;
    this.place = `s${number}`;
    this.clockFault = clockFault;
    this.#parts = parts;
  }

  get life(): Life | undefined {
    return this.#serving?.life;
  }

  get isLeading(): boolean {
    return this.#serving?.runner?.isLeading === true;
  }

  start(onCrash: () => void): void {
    if (this.#serving !== undefined) return;
    this.#lives += 1;
    const life = new Life(this.name, this.#parts.timeline, this.clockFault, () => {
      this.#serving = undefined;
      onCrash();
    });
    const serving: Serving = { life, stopping: new AbortController(), runner: undefined };
    this.#serving = serving;
    void this.#run(serving, `${this.name}-life-${this.#lives}`);
  }

  crash(): void {
    this.#serving?.life.crash();
  }

  /** Asks the scheduler to stop; the process may live on for a while. */
  stop(): void {
    this.#serving?.stopping.abort(new Error('the scheduler is stopping'));
  }

  /** Throws as the runner does, and FAILED_PRECONDITION when this scheduler is not the leader. */
  order(order: MigrationOrder): Promise<Migration> {
    return this.#leading().start(order);
  }

  abort(migrationId: string): Promise<Migration> {
    return this.#leading().abort(migrationId);
  }

  /** True if a cool-down or a rest keeps the planner from moving the VM. */
  isCooling(vmUuid: string, rules: Restraint): boolean {
    const nowMs = this.life?.clock.nowMs() ?? 0;
    const { coolDowns, retries } = ledgerOf(this.#serving?.runner?.list() ?? [], nowMs, rules);
    return coolDowns.has(vmUuid) || retries.has(vmUuid);
  }

  #leading(): Runner {
    const runner = this.#serving?.runner;
    if (runner?.isLeading !== true)
      throw new EvenkeelError('FAILED_PRECONDITION', 'this scheduler is not the leader');
    return runner;
  }

  async #run(serving: Serving, holderId: string): Promise<void> {
    const { logger, random, knowledge, settings, history, newId, plant } = this.#parts;
    const { life } = serving;
    const { clock } = life;
    const storeWithin = (timeoutMs?: number): Store => {
      const real = this.#parts.store.client(life, this.place, timeoutMs);
      return plant.store?.(real) ?? real;
    };
    const store = storeWithin();
    const { signal } = serving.stopping;
    const journal = await this.#open(store, life, signal);
    const agents = this.#agents({ life, place: this.place });
    const runner = new Runner(
      {
        ...{ agents: plant.agents?.(agents, life) ?? agents, journal, slots: new Slots(store), knowledge },
        ...{ clock, logger, newId, random: () => random.ratio() },
        tell: () => undefined,
        watchBell: { ring: () => undefined },
      },
      settings,
    );
    serving.runner = runner;
    const self = { name: this.name, address: this.place };
    const lease = new Lease({
      ...{ store: storeWithin(LEASE_TIMEOUT_MS), clock, logger, self, holderId },
      random: () => random.ratio(),
    });
    await lease.run(async (term) => {
      history.note('leader', this.name, 'became leader');
      try {
        await runner.lead(this.name, term);
        while (await pause(clock, 60_000, term));
      } finally {
        history.note('leader', this.name, 'stepped down');
        await runner.stop();
      }
    }, signal);
  }

  async #open(store: Store, life: Life, signal: AbortSignal): Promise<Journal> {
    for (;;) {
      try {
        return await Journal.open({ store, codec: migrationCodec, clock: life.clock }, signal);
      } catch {
        await life.clock.sleep(OPEN_RETRY_MS);
      }
    }
  }

  #agents(from: Caller): MigrationAgents {
    return {
      of: (hostId) => {
        const to = this.#parts.agents.get(hostId);
        if (to === undefined) throw new EvenkeelError('UNAVAILABLE', `no agent of ${hostId}`);
        return new Agent(hostId, this.#parts.rpc.calls(from, to));
      },
    };
  }
}
