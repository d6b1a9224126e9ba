// The agent's port to its hypervisor, on a simulated host.
import type { WaitOptions } from '../shared/clock.ts';
import type { VmInput } from '../shared/gen/evenkeel/v1/Vm.ts';
import type { JobFigures } from '../agent/libvirt/migration.ts';
import { ErrorCode } from '../agent/libvirt/constants.ts';
import type { Copy, Hypervisor, VmEvent } from '../agent/migration/hypervisor.ts';
import type { Act } from './facts.ts';
import type { Kvm, KvmEvent } from './kvm.ts';
import type { Libvirt } from './libvirt.ts';
import { failure, noDomain } from './libvirt-failure.ts';
import type { Life } from './node.ts';
import type { Timeline } from './timeline.ts';

export interface HypervisorParts {
  readonly kvm: Kvm;
  readonly libvirt: Libvirt;
  readonly timeline: Timeline;
}

export function createSimHypervisor(
  { kvm, libvirt, timeline }: HypervisorParts,
  hostId: string,
  life: Life,
): Hypervisor {
  const call = <T>(what: string, wait: WaitOptions, work: () => T): Promise<T> =>
    life.outside(what, wait, (done, failed) => {
      libvirt.call(
        hostId,
        () => {
          done(work());
        },
        failed,
      );
    });
  const act = (vmUuid: string, what: Exclude<Act, 'start'>, wait: WaitOptions): Promise<void> =>
    call(`${what} VM`, wait, () => {
      libvirt.act(hostId, vmUuid, what);
    });
  const copyOf = (vmUuid: string): Copy => ({
    start: (order, wait) =>
      life.outside('migrate VM', wait, (done, failed) => {
        libvirt.migrate(
          hostId,
          vmUuid,
          order,
          () => {
            done(undefined);
          },
          failed,
        );
      }),
    figures: (wait) => call('get job', wait, () => figuresOf(libvirt, hostId, vmUuid)),
    downtimeMaxMs: (wait) => call('get downtime', wait, () => active(kvm, hostId, vmUuid).downtimeMaxMs),
    setDowntimeMax: (downtimeMaxMs, wait) =>
      call('set downtime', wait, () => {
        active(kvm, hostId, vmUuid).downtimeMaxMs = downtimeMaxMs;
      }),
    switchToPostCopy: (wait) => act(vmUuid, 'post-copy', wait),
    abort: (wait) => act(vmUuid, 'abort', wait),
    dirtyBytesPerSecond: async (measureMs, wait) => {
      await life.clock.sleep(measureMs, wait.signal);
      return call('get dirty rate', wait, () => active(kvm, hostId, vmUuid).vm.dirtyBytesPerSecond);
    },
  });
  return {
    observe: (vmUuid, wait) => call('observe VM', wait, () => shown(kvm, hostId, vmUuid, life.clock.nowMs())),
    resume: (vmUuid, wait) => act(vmUuid, 'resume', wait),
    suspend: (vmUuid, wait) => act(vmUuid, 'suspend', wait),
    destroy: (vmUuid, wait) => act(vmUuid, 'destroy', wait),
    undefine: (vmUuid, wait) => act(vmUuid, 'undefine', wait),
    listen: async (vmUuid, listener, options) => {
      await call('listen', options, () => undefined);
      const forget = kvm.listen(hostId, {
        vmUuid,
        hear: (event) => {
          if (life.isAlive) listener(vmEventOf(event));
        },
        lost: () => {
          timeline.after(1, () => {
            if (life.isAlive && options.signal?.aborted !== true) options.onLost();
          });
        },
      });
      options.signal?.addEventListener('abort', forget, { once: true });
    },
    withCopy: (vmUuid, work) => work(copyOf(vmUuid)),
  };
}

/** What libvirt shows of the VM on the host; undefined when it has none. */
export function shown(kvm: Kvm, hostId: string, vmUuid: string, nowMs: number): VmInput | undefined {
  const host = kvm.host(hostId);
  const copy = host.copies.get(vmUuid);
  const definition = host.definitions.get(vmUuid);
  if (copy === undefined && definition === undefined) return undefined;
  const vm = kvm.vm(vmUuid);
  const fixed = {
    uuid: vm.uuid,
    name: vm.name,
    persistent: definition !== undefined,
    vcpus: 1,
    memoryMaxBytes: vm.memoryBytes,
    observedAtMs: nowMs,
    metadata: { rules: { postCopy: vm.mayPostCopy } },
  };
  if (copy === undefined)
    return {
      ...fixed,
      libvirtId: -1,
      state: 'VM_STATE_SHUT_OFF',
      stateReason: definition?.reason ?? 0,
      migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
    };
  const roles = {
    none: 'VM_MIGRATION_ROLE_UNSPECIFIED',
    outgoing: 'VM_MIGRATION_ROLE_OUTGOING',
    incoming: 'VM_MIGRATION_ROLE_INCOMING',
  } as const;
  return {
    ...fixed,
    libvirtId: copy.libvirtId,
    state: copy.state === 'running' ? 'VM_STATE_RUNNING' : 'VM_STATE_PAUSED',
    stateReason: copy.reason,
    migrationRole: roles[copy.role],
  };
}

function active(kvm: Kvm, hostId: string, vmUuid: string): NonNullable<ReturnType<Kvm['copy']>> {
  const copy = kvm.copy(hostId, vmUuid);
  if (copy !== undefined) return copy;
  throw kvm.stateOf(hostId, vmUuid) === 'absent'
    ? noDomain(vmUuid)
    : failure(ErrorCode.operationInvalid, 'Requested operation is not valid: domain is not running');
}

function figuresOf(libvirt: Libvirt, hostId: string, vmUuid: string): JobFigures | undefined {
  const figures = libvirt.transferFrom(hostId, vmUuid)?.figures;
  if (figures === undefined) return undefined;
  const { total, remaining, processed, iteration } = figures;
  return {
    memoryTotalBytes: total,
    memoryProcessedBytes: Math.round(processed),
    memoryRemainingBytes: Math.round(remaining),
    memoryIteration: iteration,
  };
}

function vmEventOf(event: KvmEvent): VmEvent {
  switch (event.kind) {
    case 'lifecycle':
      return { kind: event.change, detail: event.detail };
    case 'iteration':
      return event;
    case 'completed':
      return { kind: 'completed', figures: { downtimeMs: event.downtimeMs } };
  }
}
