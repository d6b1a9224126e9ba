// Answers from the cluster view what migrations need to know.
import { allocatedBytes } from '../load/load.ts';
import { hostById, moveVm, settleHost, type ClusterView } from './view.ts';
import type { Knowledge } from '../migrations/knowledge.ts';
import type { Detection } from '../load/hot-hosts.ts';
import type { Policy } from '../planner/contract/policy.ts';

export function viewKnowledge(
  view: ClusterView,
  { memoryReserveRatio }: Policy,
  detection: Detection,
): Knowledge {
  return {
    hostCount: () => view.hosts.size,
    hostName: (hostId) => hostById(view, hostId)?.hostName ?? hostId,
    facts: (hostId) => hostById(view, hostId)?.report.facts ?? undefined,
    vm: (vmUuid) => {
      const vm = view.vms.get(vmUuid);
      if (vm === undefined) return undefined;
      const { memoryMaxBytes, metadata } = vm.sample;
      return {
        memoryMaxBytes,
        memoryUsedBytes: vm.points.at(-1)?.memoryBytes ?? memoryMaxBytes,
        downtimeMaxMs: metadata?.rules?.downtimeMaxMs ?? 0,
        postCopy: metadata?.rules?.postCopy ?? false,
      };
    },
    roomBytes: (hostId, vmUuid) => {
      const host = hostById(view, hostId);
      const memoryBytes = host?.report.host?.memoryBytes ?? 0;
      if (host === undefined || memoryBytes === 0) return undefined;
      const own = host.report.vms.find(({ uuid }) => uuid === vmUuid)?.memoryMaxBytes ?? 0;
      return memoryBytes * (1 - memoryReserveRatio) - allocatedBytes(host.report) + own;
    },
    arrived: ({ vmUuid, endedAtMs, ...migration }) => {
      const present = (hostId: string): string => hostById(view, hostId)?.hostId ?? hostId;
      const sourceHostId = present(migration.sourceHostId);
      const targetHostId = present(migration.targetHostId);
      moveVm(view, vmUuid, sourceHostId, targetHostId, endedAtMs);
      settleHost(view, sourceHostId, endedAtMs, detection);
      settleHost(view, targetHostId, endedAtMs, detection);
    },
  };
}
