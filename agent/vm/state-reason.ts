// Translates libvirt's numbers for why a domain is in its state; the numbers mean something else in each state. Pure.
import type { VmStateReason } from '../../shared/gen/telemetry.ts';
import { DomainState, PausedReason, RunningReason, ShutoffReason } from '../libvirt/constants.ts';

// virDomainRunningReason, virDomainPausedReason and virDomainShutoffReason of libvirt-domain.h 9.0.
const REASONS: Readonly<Record<number, Readonly<Record<number, VmStateReason>>>> = {
  [DomainState.running]: {
    [RunningReason.unpaused]: 'VM_STATE_REASON_UNPAUSED',
    [RunningReason.migrationCancelled]: 'VM_STATE_REASON_MIGRATION_CANCELED',
    [RunningReason.postCopy]: 'VM_STATE_REASON_POST_COPY',
    [RunningReason.postCopyFailed]: 'VM_STATE_REASON_POST_COPY_FAILED',
  },
  [DomainState.paused]: {
    [PausedReason.user]: 'VM_STATE_REASON_USER',
    [PausedReason.migration]: 'VM_STATE_REASON_MIGRATION',
    [PausedReason.ioError]: 'VM_STATE_REASON_IO_ERROR',
    [PausedReason.watchdog]: 'VM_STATE_REASON_WATCHDOG',
    [PausedReason.crashed]: 'VM_STATE_REASON_CRASHED',
    [PausedReason.postCopy]: 'VM_STATE_REASON_POST_COPY',
    [PausedReason.postCopyFailed]: 'VM_STATE_REASON_POST_COPY_FAILED',
    [PausedReason.apiError]: 'VM_STATE_REASON_API_ERROR',
  },
  [DomainState.shutoff]: {
    [ShutoffReason.shutdown]: 'VM_STATE_REASON_SHUTDOWN',
    [ShutoffReason.destroyed]: 'VM_STATE_REASON_DESTROYED',
    [ShutoffReason.crashed]: 'VM_STATE_REASON_CRASHED',
    [ShutoffReason.migrated]: 'VM_STATE_REASON_MIGRATED',
    [ShutoffReason.failed]: 'VM_STATE_REASON_FAILED',
  },
};

/** UNSPECIFIED for a reason that makes no difference. */
export function stateReason(state: number, reason: number): VmStateReason {
  return REASONS[state]?.[reason] ?? 'VM_STATE_REASON_UNSPECIFIED';
}
