// Fakes VMs: plain numbers, and what an agent says of them in answers and reports.
import type { VmInput } from '../../shared/gen/agent.ts';
import type { VmSampleInput, VmStateReason } from '../../shared/gen/telemetry.ts';
import { MIB } from '../../shared/units.ts';

/** A VM on one fake host. */
export interface FakeVm {
  uuid: string;
  name: string;
  state: 'VM_STATE_RUNNING' | 'VM_STATE_PAUSED' | 'VM_STATE_SHUT_OFF';
  stateReason: VmStateReason;
  migrationRole:
    'VM_MIGRATION_ROLE_UNSPECIFIED' | 'VM_MIGRATION_ROLE_OUTGOING' | 'VM_MIGRATION_ROLE_INCOMING';
  /** Cores that it would use on a host of its own. */
  demandCores: number;
  memoryMaxBytes: number;
  neverMove: boolean;
}

/** A running VM; give what matters to the test. */
export function fakeVm(name: string, given: Partial<FakeVm> = {}): FakeVm {
  return {
    uuid: uuidOf(name),
    name,
    state: 'VM_STATE_RUNNING',
    stateReason: 'VM_STATE_REASON_UNSPECIFIED',
    migrationRole: 'VM_MIGRATION_ROLE_UNSPECIFIED',
    demandCores: 0.02,
    memoryMaxBytes: 256 * MIB,
    neverMove: false,
    ...given,
  };
}

/** A UUID derived from the name, so that it is the same in each run. */
export function uuidOf(name: string): string {
  const hex = Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32);
  return [8, 4, 4, 4, 12].reduce(
    ({ text, at }, length) => ({
      text: `${text}${at > 0 ? '-' : ''}${hex.slice(at, at + length)}`,
      at: at + length,
    }),
    { text: '', at: 0 },
  ).text;
}

/** The VM as an agent describes it in an answer. */
export function vmOf(vm: FakeVm): VmInput {
  return {
    uuid: vm.uuid,
    name: vm.name,
    libvirtId: vm.state === 'VM_STATE_SHUT_OFF' ? -1 : 1,
    state: vm.state,
    stateReason: vm.stateReason,
    persistent: true,
    migrationRole: vm.migrationRole,
    vcpus: 1,
    memoryMaxBytes: vm.memoryMaxBytes,
    observedAtMs: Date.now(),
  };
}

/** The VM as an agent describes it in a report. */
export function sampleOf(vm: FakeVm): VmSampleInput {
  const isIncoming = vm.migrationRole === 'VM_MIGRATION_ROLE_INCOMING';
  return {
    uuid: vm.uuid,
    name: vm.name,
    libvirtId: 1,
    state: vm.state,
    stateReason: vm.stateReason,
    migrationRole: vm.migrationRole,
    counted: !isIncoming,
    vcpus: 1,
    cpuCores: vm.demandCores,
    cpuDemandCores: vm.demandCores,
    memoryAssignedBytes: vm.memoryMaxBytes,
    memoryMaxBytes: vm.memoryMaxBytes,
    rssBytes: 100 * MIB,
    metadata: { rules: { neverMove: vm.neverMove } },
  };
}
