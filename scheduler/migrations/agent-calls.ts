// What migrations ask of the agents on both hosts: the boundary that the simulator replaces. `Agents` is the real one.
import type { WaitOptions } from '../../shared/clock.ts';
import type { AbortMigrationRequestInput } from '../../shared/gen/evenkeel/v1/AbortMigrationRequest.ts';
import type { CheckTargetRequestInput } from '../../shared/gen/evenkeel/v1/CheckTargetRequest.ts';
import type { CheckTargetResponse } from '../../shared/gen/evenkeel/v1/CheckTargetResponse.ts';
import type { EndMigrationRequestInput } from '../../shared/gen/evenkeel/v1/EndMigrationRequest.ts';
import type { GuardMigrationRequestInput } from '../../shared/gen/evenkeel/v1/GuardMigrationRequest.ts';
import type { GuardMigrationResponse } from '../../shared/gen/evenkeel/v1/GuardMigrationResponse.ts';
import type { MigrateRequestInput } from '../../shared/gen/evenkeel/v1/MigrateRequest.ts';
import type { MigrateResponse } from '../../shared/gen/evenkeel/v1/MigrateResponse.ts';
import type { ObserveVmRequestInput } from '../../shared/gen/evenkeel/v1/ObserveVmRequest.ts';
import type { ObserveVmResponse } from '../../shared/gen/evenkeel/v1/ObserveVmResponse.ts';
import type { SettleVmRequestInput } from '../../shared/gen/evenkeel/v1/SettleVmRequest.ts';
import type { SettleVmResponse } from '../../shared/gen/evenkeel/v1/SettleVmResponse.ts';
import type { Vm } from '../../shared/gen/evenkeel/v1/Vm.ts';
import type { VmRefInput } from '../../shared/gen/evenkeel/v1/VmRef.ts';

export interface MigrationAgents {
  /** Throws UNAVAILABLE when the host was never heard of or told no address. */
  of(hostId: string): MigrationAgent;
}

/** All throw EvenkeelError. */
export interface MigrationAgent {
  getVm(vm: VmRefInput, includeXml: boolean, wait: WaitOptions): Promise<{ vm: Vm; xml: string }>;
  checkTarget(request: CheckTargetRequestInput, wait: WaitOptions): Promise<CheckTargetResponse>;
  guardMigration(request: GuardMigrationRequestInput, wait: WaitOptions): Promise<GuardMigrationResponse>;
  migrate(request: MigrateRequestInput, wait: WaitOptions): AsyncIterable<MigrateResponse>;
  abortMigration(request: AbortMigrationRequestInput, wait: WaitOptions): Promise<void>;
  observeVm(request: ObserveVmRequestInput, wait: WaitOptions): Promise<ObserveVmResponse>;
  settleVm(request: SettleVmRequestInput, wait: WaitOptions): Promise<SettleVmResponse>;
  endMigration(request: EndMigrationRequestInput, wait: WaitOptions): Promise<void>;
}
