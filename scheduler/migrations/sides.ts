// The two hosts of one migration, as their agents answer: what each shows of the VM, the checks, the cures.
import { EvenkeelError, messageOf } from '../../shared/errors.ts';
import type { Migration } from '../../shared/gen/evenkeel/v1/Migration.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { Agent, Agents } from '../agents.ts';
import type { Cure, Side, Sight } from './verdict.ts';

// A sight older than 2 s decides nothing (migration.md I9), so a slower answer is as good as none.
const LOOK_TIMEOUT_MS = 2 * SECOND_MS;
// Pre-checks ask libvirt for capabilities, pools and the guest's XML (migration.md 5.2: PRECHECK 10 s).
const CHECK_TIMEOUT_MS = 10 * SECOND_MS;
const CURE_TIMEOUT_MS = 10 * SECOND_MS;

/** Why a migration ends before its copy was ordered. */
export interface Obstacle {
  readonly causeCode: string;
  readonly outcome: string;
}

export class Sides {
  readonly #agents: Agents;
  readonly #migration: Migration;

  constructor(agents: Agents, migration: Migration) {
    this.#agents = agents;
    this.#migration = migration;
  }

  /** What both hosts show now, asked at the same moment. */
  async look(signal: AbortSignal): Promise<{ source: Sight; target: Sight }> {
    const [source, target] = await Promise.all([this.#see('source', signal), this.#see('target', signal)]);
    return { source, target };
  }

  /** Everything that speaks against the migration on the living hosts, just before it would begin. */
  async findObstacle(
    sourceHypervisorVersion: string,
    signal: AbortSignal,
  ): Promise<Obstacle | { memoryMaxBytes: number }> {
    const { vmUuid, vmName, sourceHostName, targetHostName } = this.#migration;
    const wait = { signal, timeoutMs: CHECK_TIMEOUT_MS };
    let got: Awaited<ReturnType<Agent['getVm']>>;
    try {
      got = await this.#agent('source').getVm({ uuid: vmUuid }, true, wait);
    } catch (error) {
      const isGone = error instanceof EvenkeelError && error.code === 'NOT_FOUND';
      return { causeCode: isGone ? 'vm_gone' : 'src_unreachable', outcome: messageOf(error) };
    }
    if (got.vm.state !== 'VM_STATE_RUNNING' && got.vm.state !== 'VM_STATE_BLOCKED')
      return { causeCode: 'not_running', outcome: `the VM does not run on ${sourceHostName} any more` };
    if (got.vm.migrationRole !== 'VM_MIGRATION_ROLE_UNSPECIFIED')
      return {
        causeCode: 'migrating_already',
        outcome: 'the VM is in a migration that evenkeel did not order',
      };
    try {
      const request = { vmUuid, vmName, xml: got.xml, sourceHypervisorVersion };
      const [first, ...more] = await this.#agent('target').checkTarget(request, wait);
      if (first === undefined) return { memoryMaxBytes: got.vm.memoryMaxBytes };
      const rest = more.length > 0 ? ` (and ${more.length} more)` : '';
      return {
        causeCode: first.code,
        outcome: `${targetHostName} refuses it: ${first.reason}; ${first.cure}${rest}`,
      };
    } catch (error) {
      return { causeCode: 'dst_unreachable', outcome: messageOf(error) };
    }
  }

  /** Carries out one cure. Volumes are shared and never touched. */
  async cure({ side, act }: Cure, signal: AbortSignal): Promise<void> {
    const vm = { uuid: this.#migration.vmUuid };
    const wait = { signal, timeoutMs: CURE_TIMEOUT_MS };
    try {
      if (act === 'destroy') await this.#agent(side).destroyVm(vm, wait);
      else await this.#agent(side).undefineVm(vm, false, wait);
    } catch (error) {
      // Gone already is what was wanted: a transient copy ends with its destruction.
      if (!(error instanceof EvenkeelError && error.code === 'NOT_FOUND')) throw error;
    }
  }

  async #see(side: Side, signal: AbortSignal): Promise<Sight> {
    try {
      const { vm } = await this.#agent(side).getVm({ uuid: this.#migration.vmUuid }, false, {
        signal,
        timeoutMs: LOOK_TIMEOUT_MS,
      });
      return { kind: 'present', vm };
    } catch (error) {
      // Only libvirt's own word, passed on as NOT_FOUND, means absent.
      if (error instanceof EvenkeelError && error.code === 'NOT_FOUND') return { kind: 'absent' };
      return { kind: 'unreachable', reason: messageOf(error) };
    }
  }

  #agent(side: Side): Agent {
    return this.#agents.of(side === 'source' ? this.#migration.sourceHostId : this.#migration.targetHostId);
  }
}
