// Defines what migrations call on the agents of both hosts: a boundary that the simulator replaces; `Agents` is the real one.
import type { WaitOptions } from '../../shared/clock.ts';
import type {
  AbortMigrationRequestInput,
  CheckSourceRequestInput,
  CheckSourceResponse,
  CheckTargetRequestInput,
  CheckTargetResponse,
  EndMigrationRequestInput,
  GuardMigrationRequestInput,
  GuardMigrationResponse,
  MigrateRequestInput,
  MigrateResponse,
  ObserveVmRequestInput,
  ObserveVmResponse,
  SettleVmRequestInput,
  SettleVmResponse,
  Vm,
  VmRefInput,
} from '../../shared/gen/agent.ts';

export interface MigrationAgents {
  /** Throws UNAVAILABLE when the host is unknown or reported no address. */
  of(hostId: string): MigrationAgent;
}

/** All throw EvenkeelError. */
export interface MigrationAgent {
  getVm(vm: VmRefInput, includeXml: boolean, wait: WaitOptions): Promise<{ vm: Vm; xml: string }>;
  checkSource(request: CheckSourceRequestInput, wait: WaitOptions): Promise<CheckSourceResponse>;
  checkTarget(request: CheckTargetRequestInput, wait: WaitOptions): Promise<CheckTargetResponse>;
  guardMigration(request: GuardMigrationRequestInput, wait: WaitOptions): Promise<GuardMigrationResponse>;
  migrate(request: MigrateRequestInput, wait: WaitOptions): AsyncIterable<MigrateResponse>;
  abortMigration(request: AbortMigrationRequestInput, wait: WaitOptions): Promise<void>;
  observeVm(request: ObserveVmRequestInput, wait: WaitOptions): Promise<ObserveVmResponse>;
  settleVm(request: SettleVmRequestInput, wait: WaitOptions): Promise<SettleVmResponse>;
  endMigration(request: EndMigrationRequestInput, wait: WaitOptions): Promise<void>;
}
