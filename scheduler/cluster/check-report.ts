// The door for reports from outside: what is not finite, named or in range does not come in.
import type { HostReport } from '../../shared/gen/evenkeel/v1/HostReport.ts';
import type { HostSample } from '../../shared/gen/evenkeel/v1/HostSample.ts';
import type { VmSample } from '../../shared/gen/evenkeel/v1/VmSample.ts';

// The agent's setting allows 1 to 60 s; tests run faster.
const INTERVAL_MIN_MS = 50;
const INTERVAL_MAX_MS = 60_000;
// Clocks of hosts kept by NTP differ by milliseconds; a report from the far future would hide all that follow.
const FUTURE_MAX_MS = 5 * 60_000;
// What was used can exceed what there is by the jitter of two clocks, never by this; a wrong unit errs by 10 and more.
const USED_MAX_RATIO = 2;
// No host that runs VMs has less, but 64 GiB that were sent as KiB look like just that.
const HOST_MEMORY_MIN_BYTES = 128 * 1024 ** 2;

/** Why the report may not be taken in; undefined when it may. `hostId` is the one its subject names. */
export function refuseReport(report: HostReport, hostId: string, storedAtMs: number): string | undefined {
  if (report.hostId === '' || report.hostId !== hostId)
    return `host_id "${report.hostId}" is not the subject's "${hostId}"`;
  if (report.hostName === '') return 'host_name is empty';
  if (report.bootId === '') return 'boot_id is empty';
  if (!Number.isSafeInteger(report.sequence) || report.sequence < 1) return 'sequence must count from 1';
  if (!(report.intervalMs >= INTERVAL_MIN_MS && report.intervalMs <= INTERVAL_MAX_MS))
    return `interval_ms ${report.intervalMs} is not from ${INTERVAL_MIN_MS} to ${INTERVAL_MAX_MS}`;
  if (!Number.isSafeInteger(report.tickAtMs) || report.tickAtMs <= 0) return 'tick_at_ms is no time';
  if (report.tickAtMs > storedAtMs + FUTURE_MAX_MS)
    return "tick_at_ms is in the future; set the host's clock";
  if (report.vms.some(({ uuid }) => uuid === '')) return 'a VM has no uuid';
  if (report.host === null) return undefined;
  return refuseHost(report.host) ?? report.vms.map((vm) => refuseVm(vm, report.host)).find(isText);
}

/** Figures that no host can show are of the wrong unit, and would draw VMs to it or drive them away. */
function refuseHost(host: HostSample): string | undefined {
  const { cpuCores, cpuUsedCores = 0, cpuDemandCores = 0, memoryBytes, memoryAvailableBytes } = host;
  if (!(cpuCores > 0)) return `cpu_cores ${cpuCores} is not above 0`;
  if (!(cpuUsedCores >= 0 && cpuUsedCores <= USED_MAX_RATIO * cpuCores))
    return `cpu_used_cores ${cpuUsedCores} is not from 0 to its ${cpuCores} cores: not in cores?`;
  if (!(cpuDemandCores >= 0 && Number.isFinite(cpuDemandCores)))
    return `cpu_demand_cores ${cpuDemandCores} is no amount`;
  if (!(memoryBytes >= HOST_MEMORY_MIN_BYTES))
    return `memory_bytes ${memoryBytes} is too little: not in bytes?`;
  if (!(memoryAvailableBytes >= 0 && memoryAvailableBytes <= memoryBytes))
    return `memory_available_bytes ${memoryAvailableBytes} is not from 0 to memory_bytes ${memoryBytes}`;
  return refuseShares(host);
}

function refuseShares(host: HostSample): string | undefined {
  const { cpuPressureRatio, memoryPressureRatio, memoryFullPressureRatio, ioPressureRatio } = host;
  const shares = { cpuPressureRatio, memoryPressureRatio, memoryFullPressureRatio, ioPressureRatio };
  for (const [name, share = 0] of Object.entries(shares))
    if (!(share >= 0 && share <= USED_MAX_RATIO)) return `${name} ${share} is not from 0 to 1: in percent?`;
  const { swapInBytesPerSecond: rate = 0 } = host;
  return rate >= 0 && Number.isFinite(rate) ? undefined : `swap_in_bytes_per_second ${rate} is no rate`;
}

function refuseVm(vm: VmSample, host: HostSample | null): string | undefined {
  const { name, cpuCores = 0, cpuDemandCores = 0, stealRatio = 0, rssBytes = 0, memoryMaxBytes } = vm;
  const hostCores = host?.cpuCores ?? Infinity;
  if (!(cpuCores >= 0 && cpuCores <= USED_MAX_RATIO * hostCores))
    return `VM ${name}: cpu_cores ${cpuCores} is not from 0 to the host's ${hostCores} cores: not in cores?`;
  if (!(cpuDemandCores >= 0 && Number.isFinite(cpuDemandCores)))
    return `VM ${name}: cpu_demand_cores ${cpuDemandCores} is no amount`;
  if (!(stealRatio >= 0 && Number.isFinite(stealRatio)))
    return `VM ${name}: steal_ratio ${stealRatio} is no ratio`;
  if (rssBytes > USED_MAX_RATIO * (host?.memoryBytes ?? Infinity))
    return `VM ${name}: rss_bytes ${rssBytes} is more than its host has: not in bytes?`;
  if (vm.counted && !(memoryMaxBytes > 0))
    return `VM ${name}: memory_max_bytes ${memoryMaxBytes} is not above 0`;
  return undefined;
}

function isText(text: string | undefined): boolean {
  return text !== undefined;
}
