// What migrations have to know of hosts and VMs: the boundary to the view, which the simulator fills by itself.
import type { HostFacts, Migration } from '../../shared/gen/telemetry.ts';

export interface KnownVm {
  readonly memoryMaxBytes: number;
  /** Memory that the copy has to carry. */
  readonly memoryUsedBytes: number;
  /** 0 when its rules name none. */
  readonly downtimeMaxMs: number;
  readonly postCopy: boolean;
}

export type KnownFacts = Pick<
  HostFacts,
  'agentAddress' | 'certificateSha256' | 'hypervisorVersion' | 'libvirtUri' | 'migrateUri'
>;

export interface Knowledge {
  /** How many hosts there are. */
  hostCount(): number;
  /** The host's name; its id when it is not known. */
  hostName(hostId: string): string;
  facts(hostId: string): KnownFacts | undefined;
  vm(vmUuid: string): KnownVm | undefined;
  /** What the VMs of the host may still grow by, not counting this one; undefined when that is not known. */
  roomBytes(hostId: string, vmUuid: string): number | undefined;
  /** A migration ended on its target: known at once, not only with the next reports. */
  arrived(migration: Migration): void;
}
