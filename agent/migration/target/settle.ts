// Permits an act on one side of a migration only if the VM is as the caller saw it, and never destroys a running copy. Pure.
import { invalidField } from '../../../shared/errors.ts';
import type { SettleAct, SettleVmRequest, VmInput } from '../../../shared/gen/agent.ts';
import { hasJob, isInPostCopy, isOff, isPaused, isPausedByFault, isRunning } from '../hypervisor/vm-state.ts';

export type Act = 'resume' | 'suspend' | 'destroy' | 'undefine';

export function checkAct(act: SettleAct): Act {
  switch (act) {
    case 'SETTLE_ACT_RESUME':
      return 'resume';
    case 'SETTLE_ACT_SUSPEND':
      return 'suspend';
    case 'SETTLE_ACT_DESTROY':
      return 'destroy';
    case 'SETTLE_ACT_UNDEFINE':
      return 'undefine';
    case 'SETTLE_ACT_UNSPECIFIED':
      throw invalidField('act', 'must be given');
  }
}

type Expected = Pick<SettleVmRequest, 'expectedState' | 'expectedStateReason' | 'expectedLibvirtId'>;

/** Why the act is refused; undefined when it is allowed. */
export function refusalOf(act: Act, expected: Expected, vm: VmInput | undefined): string | undefined {
  if (vm === undefined) return 'it is no longer here; look again';
  const isAsSeen =
    vm.state === expected.expectedState &&
    vm.stateReason === expected.expectedStateReason &&
    vm.libvirtId === expected.expectedLibvirtId;
  if (!isAsSeen)
    return `it is ${shown(vm)} now, not ${shown({ state: expected.expectedState, stateReason: expected.expectedStateReason, libvirtId: expected.expectedLibvirtId })}; look again`;
  if (act !== 'suspend' && hasJob(vm)) return 'a migration job runs on it; wait for its end';
  if (act !== 'suspend' && isInPostCopy(vm))
    return 'its memory is spread over both hosts (post-copy); resume that migration, or decide yourself';
  return refusalOfAct(act, vm);
}

function refusalOfAct(act: Act, vm: VmInput): string | undefined {
  switch (act) {
    case 'resume':
      if (isPausedByFault(vm)) return 'it was paused by a fault, not by a migration; check its storage first';
      return isPaused(vm) ? undefined : 'it is not paused';
    case 'suspend':
      return isRunning(vm) ? undefined : 'it is not running';
    case 'destroy':
      return isPaused(vm) ? undefined : 'a migration destroys only a paused copy';
    case 'undefine':
      return isOff(vm) ? undefined : 'it is not off';
  }
}

function shown({
  state,
  stateReason,
  libvirtId,
}: Pick<VmInput, 'state' | 'stateReason' | 'libvirtId'>): string {
  const word = (state ?? '').replace('VM_STATE_', '').toLowerCase();
  const reason = (stateReason ?? 'VM_STATE_REASON_UNSPECIFIED').replace('VM_STATE_REASON_', '').toLowerCase();
  return `${word} (${reason === 'unspecified' ? '' : `${reason}, `}id ${libvirtId ?? 0})`;
}
