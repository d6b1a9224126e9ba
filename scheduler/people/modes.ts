// Keeps the modes that operators set for the cluster, hosts and VMs in JetStream; the cluster's default is in the settings.
import type { ModeOverride } from '../../shared/gen/scheduler.ts';
import type { Mode } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { modeOf, planModeOf } from '../planner/contract/modes.ts';
import type { PlanMode } from '../planner/contract/snapshot.ts';
import { hostById, type ClusterView } from '../cluster/view.ts';
import { hostsMeant } from './hosts-meant.ts';
import type { Shelf } from '../store/shelf.ts';

/** Whose mode it is. Names are those at the time it was set, for display. */
export type ModeScope =
  | { readonly kind: 'cluster' }
  | { readonly kind: 'host'; readonly hostId: string; readonly hostName: string }
  | { readonly kind: 'vm'; readonly vmUuid: string; readonly vmName: string };

/** The modes as a decision reads them. */
export interface Modes {
  readonly cluster: PlanMode;
  readonly byHost: ReadonlyMap<string, PlanMode>;
  readonly byVm: ReadonlyMap<string, PlanMode>;
}

const CLUSTER_KEY = 'cluster';

export class ModeControl {
  readonly #shelf: Shelf<ModeOverride>;
  readonly #initial: Mode;
  readonly #logger: Logger;

  /** `initial` comes from the settings. `onChange` is called after each change, whoever made it. */
  constructor(shelf: Shelf<ModeOverride>, initial: PlanMode, logger: Logger, onChange: () => void) {
    this.#shelf = shelf;
    this.#initial = modeOf(initial);
    this.#logger = logger;
    shelf.onChange = onChange;
  }

  current(): Mode {
    return this.#shelf.get(CLUSTER_KEY)?.mode ?? this.#initial;
  }

  modes(view: ClusterView): Modes {
    const overrides = this.overrides();
    return {
      cluster: planModeOf(this.current()),
      // What was set for the present id counts, so it comes last.
      byHost: new Map(
        overrides
          .filter(({ hostId }) => hostId !== '')
          .flatMap((each) => hostsMeant(view, each).map((host) => ({ each, hostId: host.hostId })))
          // Only the host that was named moves VMs without asking, not one that has its name.
          .filter(
            ({ each, hostId }) => each.mode !== 'MODE_AUTO' || hostById(view, each.hostId)?.hostId === hostId,
          )
          .sort((a, b) => Number(a.each.hostId === a.hostId) - Number(b.each.hostId === b.hostId))
          .map(({ each, hostId }) => [hostId, planModeOf(each.mode)]),
      ),
      byVm: new Map(
        overrides.filter(({ vmUuid }) => vmUuid !== '').map((each) => [each.vmUuid, planModeOf(each.mode)]),
      ),
    };
  }

  /** The modes of hosts and VMs. */
  overrides(): ModeOverride[] {
    return this.#shelf.entries().flatMap(([key, value]) => (key === CLUSTER_KEY ? [] : [value]));
  }

  /** Stores the mode for all schedulers, across restarts; undefined removes that of a host or VM. */
  async set(scope: ModeScope, mode: Mode | undefined): Promise<void> {
    if (mode === undefined) await this.#shelf.remove(keyOf(scope));
    else await this.#shelf.put(keyOf(scope), overrideOf(scope, mode));
    this.#logger.info({ ...scope, mode: mode ?? 'as the cluster' }, 'mode set');
  }
}

function keyOf(scope: ModeScope): string {
  switch (scope.kind) {
    case 'cluster':
      return CLUSTER_KEY;
    case 'host':
      return `host.${scope.hostId}`;
    case 'vm':
      return `vm.${scope.vmUuid}`;
  }
}

function overrideOf(scope: ModeScope, mode: Mode): ModeOverride {
  return {
    mode,
    hostId: scope.kind === 'host' ? scope.hostId : '',
    hostName: scope.kind === 'host' ? scope.hostName : '',
    vmUuid: scope.kind === 'vm' ? scope.vmUuid : '',
    vmName: scope.kind === 'vm' ? scope.vmName : '',
  };
}
