// Defines what migrations need to know of hosts and VMs: the boundary to the view, which the simulator replaces.
import type { HostFacts, Migration } from '../../shared/gen/telemetry.ts';

export interface KnownVm {
  readonly memoryMaxBytes: number;
  /** Memory that has to be copied. */
  readonly memoryUsedBytes: number;
  /** 0 when its rules set none. */
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
  /** The host's name; its id when the name is unknown. */
  hostName(hostId: string): string;
  facts(hostId: string): KnownFacts | undefined;
  vm(vmUuid: string): KnownVm | undefined;
  /** By how much the host's VMs may still grow, not counting this one; undefined when unknown. */
  roomBytes(hostId: string, vmUuid: string): number | undefined;
  /** Notes at once, before the next reports, that the VM arrived on its target. */
  arrived(migration: Migration): void;
}
