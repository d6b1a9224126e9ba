// Leaves out devices that a report names twice. Agents of earlier versions do that with NICs of one MAC, whose points would be
// written over each other. Pure.
import type { HostReport } from '../../shared/gen/telemetry.ts';

interface Device {
  readonly device: string;
}

/** The first of each name stays: its figures are its own, those of its twin are not. */
export function withoutTwins(report: HostReport): HostReport {
  if (!report.vms.some(({ disks, nics }) => disks.some(isTwin) || nics.some(isTwin))) return report;
  const vms = report.vms.map((vm) => ({
    ...vm,
    disks: vm.disks.filter((disk, at) => !isTwin(disk, at, vm.disks)),
    nics: vm.nics.filter((nic, at) => !isTwin(nic, at, vm.nics)),
  }));
  return { ...report, vms };
}

function isTwin({ device }: Device, at: number, devices: readonly Device[]): boolean {
  return devices.findIndex((other) => other.device === device) !== at;
}
