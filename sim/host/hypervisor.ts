// Implements the agent's hypervisor port on a simulated host.
import type { WaitOptions } from '../../shared/clock.ts';
import type { VmInput } from '../../shared/gen/agent.ts';
import type { JobFigures } from '../../agent/libvirt/migration.ts';
import { DomainState, ErrorCode } from '../../agent/libvirt/constants.ts';
import type { Copy, Hypervisor, VmEvent } from '../../agent/migration/hypervisor/hypervisor.ts';
import { stateReason } from '../../agent/vm/state-reason.ts';
import type { Act } from '../migrations/facts.ts';
import type { Kvm, KvmEvent } from './kvm.ts';
import type { Libvirt } from './libvirt.ts';
import { failure, noDomain } from './libvirt-failure.ts';
import type { Life } from '../world/node.ts';
import type { Timeline } from '../world/timeline.ts';

// Longer than the real interval: a switch-over that hangs would otherwise consist mostly of these polls.
const PROCESS_POLL_MS = 20;

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
  const place: Place = { kvm, libvirt, hostId, life, endings: new Map() };
  const act = (vmUuid: string, what: Exclude<Act, 'start'>, wait: WaitOptions): Promise<void> =>
    actOn(place, vmUuid, what, wait);
  return {
    observe: (vmUuid, wait) =>
      call(
        place,
        'observe VM',
        wait,
        () => place.endings.get(vmUuid) ?? shown(kvm, hostId, vmUuid, life.clock.nowMs()),
      ),
    resume: (vmUuid, wait) => act(vmUuid, 'resume', wait),
    suspend: (vmUuid, wait) => act(vmUuid, 'suspend', wait),
    destroy: (vmUuid, wait) => act(vmUuid, 'destroy', wait),
    // The simulated libvirt knows nothing of it.
    setAutostart: (_vmUuid, wait) => call(place, 'set autostart', wait, () => undefined),
    undefine: (vmUuid, wait) => act(vmUuid, 'undefine', wait),
    listen: async (vmUuid, listener, options) => {
      await call(place, 'listen', options, () => undefined);
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
    withCopy: (vmUuid, work) => work(copyOf(place, vmUuid)),
  };
}

interface Place {
  readonly kvm: Kvm;
  readonly libvirt: Libvirt;
  readonly hostId: string;
  readonly life: Life;
  /** VMs whose QEMU has ended while libvirt's call has not returned yet. */
  readonly endings: Map<string, VmInput>;
}

function call<T>(
  { life, libvirt, hostId }: Place,
  what: string,
  wait: WaitOptions,
  work: () => T,
): Promise<T> {
  return life.outside(what, wait, (done, failed) => {
    libvirt.call(
      hostId,
      () => {
        done(work());
      },
      failed,
    );
  });
}

function actOn(place: Place, vmUuid: string, what: Exclude<Act, 'start'>, wait: WaitOptions): Promise<void> {
  return call(place, `${what} VM`, wait, () => {
    place.libvirt.act(place.hostId, vmUuid, what);
  });
}

function copyOf(place: Place, vmUuid: string): Copy {
  const { kvm, libvirt, hostId, life, endings } = place;
  return {
    start: (order, wait) => {
      const migrating = life.outside<undefined>('migrate VM', wait, (done, failed) => {
        libvirt.migrate(
          hostId,
          vmUuid,
          order,
          () => {
            done(undefined);
          },
          failed,
        );
      });
      return migrating.finally(() => endings.delete(vmUuid));
    },
    processEnded: async (signal) => {
      const before = shown(kvm, hostId, vmUuid, life.clock.nowMs());
      while (kvm.copy(hostId, vmUuid) !== undefined) await life.clock.sleep(PROCESS_POLL_MS, signal);
      if (before !== undefined) endings.set(vmUuid, { ...before, processEnded: true });
    },
    figures: (wait) => call(place, 'get job', wait, () => figuresOf(libvirt, hostId, vmUuid)),
    downtimeMaxMs: (wait) =>
      call(place, 'get downtime', wait, () => active(kvm, hostId, vmUuid).downtimeMaxMs),
    setDowntimeMax: (downtimeMaxMs, wait) =>
      call(place, 'set downtime', wait, () => {
        active(kvm, hostId, vmUuid).downtimeMaxMs = downtimeMaxMs;
      }),
    switchToPostCopy: (wait) => actOn(place, vmUuid, 'post-copy', wait),
    abort: (wait) => actOn(place, vmUuid, 'abort', wait),
    dirtyBytesPerSecond: async (measureMs, wait) => {
      await life.clock.sleep(measureMs, wait.signal);
      return call(place, 'get dirty rate', wait, () => active(kvm, hostId, vmUuid).vm.dirtyBytesPerSecond);
    },
  };
}

/** What libvirt shows of the VM on the host; undefined when the host does not have it. */
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
      stateReason: stateReason(DomainState.shutoff, definition?.reason ?? 0),
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
    stateReason: stateReason(DomainState[copy.state], copy.reason),
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
