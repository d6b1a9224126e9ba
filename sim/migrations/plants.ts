// Plants bugs on purpose, each by replacing a port, to prove that broken promises are detected.
import type { WaitOptions } from '../../shared/clock.ts';
import { migrationCodec } from '../../shared/proto/load.ts';
import type { Copy, Hypervisor } from '../../agent/migration/hypervisor/hypervisor.ts';
import type { MigrationAgent, MigrationAgents } from '../../scheduler/migrations/agent-calls.ts';
import type { Store } from '../../scheduler/store/store.ts';
import type { AgentHandlers } from './agent-node.ts';
import type { Plant, World } from './world.ts';

const PLANTS: Readonly<Record<string, () => Plant>> = {
  'unreachable-is-absent': unreachableIsAbsent,
  'destroys-target-on-error': destroysTargetOnError,
  'ignores-lower-epochs': ignoresLowerEpochs,
  'orders-without-journal': ordersWithoutJournal,
  'believes-any-lock': believesAnyLock,
  'watchdog-believes-silence': watchdogBelievesSilence,
  'agent-forgets': agentForgets,
  'stale-sights': staleSights,
  'forgets-slots': forgetsSlots,
  'suspends-to-converge': suspendsToConverge,
  'post-copies-anybody': postCopiesAnybody,
  'skips-checks': skipsChecks,
  'leaves-definitions': leavesDefinitions,
  'tells-no-cause': tellsNoCause,
};

export const PLANT_NAMES: readonly string[] = Object.keys(PLANTS);

/** Makes the plant of that name. Throws when there is none. */
export function plantOf(name: string): Plant {
  const make = PLANTS[name];
  if (make === undefined) throw new Error(`--plant ${name}: there are ${PLANT_NAMES.join(', ')}`);
  return make();
}

function eachAgent(change: (agent: MigrationAgent, hostId: string) => MigrationAgent): Plant {
  const agents = (real: MigrationAgents): MigrationAgents => ({
    of: (hostId) => change(membersOf(real.of(hostId)), hostId),
  });
  return { scheduler: { agents } };
}

/** The agent as an object whose members can be replaced one by one; those of a class cannot be spread. */
function membersOf(agent: MigrationAgent): MigrationAgent {
  return {
    getVm: (...asked) => agent.getVm(...asked),
    checkSource: (...asked) => agent.checkSource(...asked),
    checkTarget: (...asked) => agent.checkTarget(...asked),
    guardMigration: (...asked) => agent.guardMigration(...asked),
    migrate: (...asked) => agent.migrate(...asked),
    abortMigration: (...asked) => agent.abortMigration(...asked),
    observeVm: (...asked) => agent.observeVm(...asked),
    settleVm: (...asked) => agent.settleVm(...asked),
    endMigration: (...asked) => agent.endMigration(...asked),
  };
}

/** As in Nova's find_job_type and others: no answer is taken for "no such VM". */
function unreachableIsAbsent(): Plant {
  return eachAgent((agent) => ({
    ...agent,
    observeVm: async (request, wait) => {
      try {
        return await agent.observeVm(request, wait);
      } catch (error) {
        if (wait.signal?.aborted === true) throw error;
        return { vm: null, migrationId: '' };
      }
    },
  }));
}

/** As in VDSM's _recover and OpenNebula's cleanup_host: the target is cleaned up on any error of the call. */
function destroysTargetOnError(): Plant {
  let world: World | undefined;
  const destroy = (hostId: string, vmUuid: string): void => {
    try {
      world?.libvirt.act(hostId, vmUuid, 'destroy');
    } catch {
      // It was not there.
    }
  };
  const plant = eachAgent((agent) => ({
    ...agent,
    migrate: async function* (request, wait) {
      for await (const answer of agent.migrate(request, wait)) {
        if (answer.result?.ok === false) destroy(request.targetHostId ?? '', request.vmUuid ?? '');
        yield answer;
      }
    },
  }));
  return {
    ...plant,
    attach: (built) => {
      world = built;
    },
  };
}

/** Agents take every command for a new one. */
function ignoresLowerEpochs(): Plant {
  const seen = new Map<string, number>();
  const raised = <Request extends { epoch: number; vmUuid: string }>(
    hostId: string,
    request: Request,
  ): Request => {
    const key = `${hostId} ${request.vmUuid}`;
    const epoch = Math.max(request.epoch, seen.get(key) ?? 0);
    seen.set(key, epoch);
    return { ...request, epoch };
  };
  const handlers = (real: AgentHandlers, { hostId }: { hostId: string }): AgentHandlers => ({
    ...real,
    observe: (request, signal) => real.observe(raised(hostId, request), signal),
    settle: (request, signal) => real.settle(raised(hostId, request), signal),
    guard: (request, signal) => real.guard(raised(hostId, request), signal),
    end: (request) => real.end(raised(hostId, request)),
  });
  return { agent: { handlers } };
}

/** The record before the order is never written, but the scheduler believes that it was. */
function ordersWithoutJournal(): Plant {
  const store = (real: Store): Store => ({
    ...real,
    put: (key, value, revision) => {
      const isRecord = key.startsWith('migration.');
      const isLost = isRecord && migrationCodec.decode(value).state === 'MIGRATION_STATE_PREPARING';
      return isLost ? Promise.resolve(revision) : real.put(key, value, revision);
    },
  });
  return { scheduler: { store } };
}

function believesAnyLock(): Plant {
  const handlers = (real: AgentHandlers): AgentHandlers => ({
    ...real,
    checkTarget: async (request, signal) => ({
      ...(await real.checkTarget(request, signal)),
      lockProven: true,
    }),
  });
  return { agent: { handlers } };
}

/** A source that does not answer is taken to have released the guest. */
function watchdogBelievesSilence(): Plant {
  return {
    agent: {
      askSource: (ask) => async (source, vmUuid, wait) => {
        try {
          return await ask(source, vmUuid, wait);
        } catch {
          return undefined;
        }
      },
    },
  };
}

/** The agent loses its state at each restart. */
function agentForgets(): Plant {
  return {
    agent: {
      beforeStart: ({ disk }) => {
        disk.wipe();
      },
    },
  };
}

/** The first observation is reused for all later ones under the same epoch. */
function staleSights(): Plant {
  const sights = new Map<string, ReturnType<MigrationAgent['observeVm']>>();
  return eachAgent((agent, hostId) => ({
    ...agent,
    observeVm: (request, wait) => {
      const key = `${hostId} ${request.vmUuid ?? ''} ${String(request.epoch)}`;
      const known = sights.get(key);
      if (known !== undefined) return known;
      const sight = agent.observeVm(request, wait);
      sights.set(key, sight);
      sight.catch(() => sights.delete(key));
      return sight;
    },
  }));
}

function forgetsSlots(): Plant {
  const store = (real: Store): Store => ({
    ...real,
    get: async (key) => {
      const entry = await real.get(key);
      return key === 'slots' && entry !== undefined ? { ...entry, value: undefined } : entry;
    },
  });
  return { scheduler: { store } };
}

/** Every guest that does not converge is switched to post-copy, opted in or not. */
function postCopiesAnybody(): Plant {
  return steering(async (copy, downtimeMaxMs, wait) => {
    if (downtimeMaxMs >= 150) await copy.switchToPostCopy(wait);
  });
}

/** Known elsewhere as "suspend workload if needed". */
function suspendsToConverge(): Plant {
  return steering(async (_copy, downtimeMaxMs, wait, suspend) => {
    if (downtimeMaxMs >= 400) await suspend(wait);
  });
}

/** Does `also` whenever the agent raises the downtime limit of a copy. */
function steering(
  also: (
    copy: Copy,
    downtimeMaxMs: number,
    wait: WaitOptions,
    suspend: (wait: WaitOptions) => Promise<void>,
  ) => Promise<void>,
): Plant {
  const changed = (real: Hypervisor, vmUuid: string, copy: Copy): Copy => ({
    ...copy,
    start: (order, wait) => copy.start({ ...order, postCopy: true }, wait),
    setDowntimeMax: async (downtimeMaxMs, wait) => {
      await also(copy, downtimeMaxMs, wait, (until) => real.suspend(vmUuid, until));
      await copy.setDowntimeMax(downtimeMaxMs, wait);
    },
  });
  const hypervisor = (real: Hypervisor): Hypervisor => ({
    ...real,
    withCopy: (vmUuid, work, signal) =>
      real.withCopy(vmUuid, (copy) => work(changed(real, vmUuid, copy)), signal),
  });
  return { agent: { hypervisor } };
}

/** The target is never checked. */
function skipsChecks(): Plant {
  return eachAgent((agent) => ({
    ...agent,
    checkTarget: () => Promise.resolve({ refusals: [], lockProven: false, lockReason: 'not asked', atMs: 0 }),
  }));
}

/** Definitions are never removed. */
function leavesDefinitions(): Plant {
  return eachAgent((agent) => ({
    ...agent,
    settleVm: (request, wait) =>
      request.act === 'SETTLE_ACT_UNDEFINE' ? Promise.resolve({ vm: null }) : agent.settleVm(request, wait),
    observeVm: async (request, wait) => {
      const answer = await agent.observeVm(request, wait);
      return answer.vm?.state === 'VM_STATE_SHUT_OFF' ? { ...answer, vm: null } : answer;
    },
  }));
}

/** Records have no cause. */
function tellsNoCause(): Plant {
  const store = (real: Store): Store => ({
    ...real,
    put: (key, value, revision) => {
      if (!key.startsWith('migration.')) return real.put(key, value, revision);
      const migration = migrationCodec.decode(value);
      return real.put(
        key,
        migrationCodec.encode({ ...migration, causeCode: 'MIGRATION_CAUSE_UNSPECIFIED' }),
        revision,
      );
    },
  });
  return { scheduler: { store } };
}
