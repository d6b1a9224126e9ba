// Asks a host's agent what keeps a VM there now, before an operator is told so: the last report may be a minute behind.
import { messageOf } from '../../shared/errors.ts';
import type { MoveObstacle } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';
import { foldSight, vmsOf, type HostView } from '../cluster/view.ts';
import type { Core } from '../core.ts';

const ASK_TIMEOUT_MS = 5 * SECOND_MS;
// A host with hundreds of VMs is judged by its last reports beyond this.
const ASK_ALL_MS = 10 * SECOND_MS;

/** The VM's state and obstacles, taken into the view. When the agent does not answer, those of its last report stand. */
export async function lookAtVm(
  core: Core,
  hostId: string,
  vmUuid: string,
  signal: AbortSignal,
): Promise<void> {
  const wait = { signal, timeoutMs: ASK_TIMEOUT_MS };
  try {
    const agent = core.agents.of(hostId);
    const [{ vm }, { obstacles }] = await Promise.all([
      agent.getVm({ uuid: vmUuid }, false, wait),
      agent.checkSource({ vmUuid }, wait),
    ]);
    foldSight(core.view, hostId, vmUuid, { obstacles, state: vm.state });
  } catch (error) {
    complain(core, hostId, error, signal);
  }
}

/** The same of all VMs of a host, one after another. */
export async function lookAtHost(core: Core, host: HostView, signal: AbortSignal): Promise<void> {
  const { view, agents, clock } = core;
  const { hostId } = host;
  const untilMs = clock.monotonicMs() + ASK_ALL_MS;
  try {
    for (const { uuid: vmUuid } of vmsOf(view, host)) {
      const timeoutMs = untilMs - clock.monotonicMs();
      if (timeoutMs <= 0) return;
      const { obstacles } = await agents.of(hostId).checkSource({ vmUuid }, { signal, timeoutMs });
      foldSight(view, hostId, vmUuid, { obstacles });
    }
  } catch (error) {
    complain(core, hostId, error, signal);
  }
}

/** What keeps the VM there; by its last report when the agent does not answer. */
export async function obstaclesNow(
  core: Core,
  hostId: string,
  vmUuid: string,
  signal: AbortSignal,
): Promise<MoveObstacle[]> {
  await lookAtVm(core, hostId, vmUuid, signal);
  return core.view.vms.get(vmUuid)?.sample.obstacles ?? [];
}

function complain({ view, logger }: Core, hostId: string, error: unknown, signal: AbortSignal): void {
  signal.throwIfAborted();
  logger.warn(
    { host: view.hosts.get(hostId)?.hostName ?? hostId, cause: messageOf(error) },
    'cannot ask what keeps a VM on its host; the last report is used',
  );
}
