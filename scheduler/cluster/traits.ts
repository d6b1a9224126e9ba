// Derives what a host offers and a VM needs: architecture, storage, networks, and a hypervisor no older than the present one.
import type { HostFacts } from '../../shared/gen/telemetry.ts';

/** The host's traits. `versions` are the hypervisor versions of all hosts of the cluster. */
export function traitsOf(facts: HostFacts | null, versions: ReadonlySet<string>): string[] {
  if (facts === null) return [];
  const own = facts.hypervisorVersion;
  const runs = own === '' ? [] : [...versions].filter((version) => compareVersions(version, own) <= 0);
  return [
    ...(facts.architecture === '' ? [] : [`arch:${facts.architecture}`]),
    ...facts.pools.map((name) => `pool:${name}`),
    ...facts.networks.map((name) => `network:${name}`),
    ...facts.bridges.map((name) => `bridge:${name}`),
    ...facts.macvtapDevices.map((name) => `macvtap:${name}`),
    ...runs.sort(compareVersions).map((version) => `hypervisor:${version}`),
  ];
}

/**
 * What a VM that runs on a host with these facts needs. Pools and networks are not included: the samples do not say which it
 * uses, and the target's agent checks them before a migration.
 */
export function needsOf(facts: HostFacts | null): string[] {
  if (facts === null) return [];
  return [
    ...(facts.architecture === '' ? [] : [`arch:${facts.architecture}`]),
    // QEMU reads the state of an older QEMU, but not that of a newer one.
    ...(facts.hypervisorVersion === '' ? [] : [`hypervisor:${facts.hypervisorVersion}`]),
  ];
}

/** By numbers from left to right, "7.2.10" after "7.2.9"; anything that is not a number counts as 0. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/[^0-9]+/).map(Number));
  const length = Math.max(left?.length ?? 0, right?.length ?? 0);
  for (let at = 0; at < length; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
