// Makes readings of one VM, as libvirt's statistics give them, for the tests of rates.
import type { VmContext, VmCounters, VmDescription, VmReading } from '../../../agent/telemetry/rates.ts';
import { GIB, MIB } from '../../../shared/units.ts';

export const UUID = 'c7a5fdbd-edaf-9455-926a-d65c16db1809';
export const NOW_MS = 1_731_656_000_000;
export const context: VmContext = {
  nowMs: NOW_MS,
  intervalMs: 5000,
  isMigratingOut: false,
  isStuck: false,
  cpuLimitCores: undefined,
  obstacles: [],
};
export const description: VmDescription = {
  metadata: { owner: 'a', purpose: 'b', expiresAtMs: 0, rules: null },
  macByTap: new Map([['vnet3', '52:54:00:aa:bb:cc']]),
  addressByTap: new Map([['vnet3', '0000:01:00.0']]),
  ...{ vcpuQuotaCores: undefined, quotaCores: undefined },
  usesHugePages: false,
};

/** A reading of the same running VM, with other counters where given. */
export function reading(atMs: number, changes: Partial<VmCounters> = {}, about = description): VmReading {
  const counters: VmCounters = {
    domain: { name: 'web', uuid: UUID, id: 7 },
    state: 1,
    reason: 1,
    cpuTimeMs: 10_000,
    balloon: { currentBytes: 2 * GIB, maximumBytes: 4 * GIB, rssBytes: 900 * MIB, lastUpdateS: 0 },
    vcpuCurrent: 2,
    vcpus: [
      { index: 0, delayMs: 100 },
      { index: 1, delayMs: 50 },
    ],
    nics: [{ name: 'vnet3', rxBytes: 1000, txBytes: 500, rxPackets: 10, txPackets: 5 }],
    disks: [
      {
        name: 'vda',
        readRequests: 100,
        readBytes: 40_960,
        readTimeMs: 250,
        writeRequests: 10,
        writeBytes: 4096,
        writeTimeMs: 30,
        capacityBytes: 10 * GIB,
        allocationBytes: GIB,
      },
    ],
    ...changes,
  };
  return { counters, atMs, description: about };
}
