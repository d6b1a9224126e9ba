// Refuses reports whose figures, time or sender cannot be right. Pure.
import type { HostFacts, HostReport, HostSample, VmSample } from '../../shared/gen/telemetry.ts';
import { refuseLibvirtUri, refuseMigrateUri } from '../../shared/libvirt-uri.ts';
import { HOUR_MS } from '../../shared/units.ts';

// The agent's setting allows 1 to 60 s; tests run faster.
const INTERVAL_MIN_MS = 50;
const INTERVAL_MAX_MS = 60_000;
// Under NTP the clocks of hosts differ by milliseconds; a report from the far future would hide all later ones.
const FUTURE_MAX_MS = 5 * 60_000;
// Use can exceed capacity by the jitter of two clocks, but never by this factor; a wrong unit is off by 10 or more.
const USED_MAX_RATIO = 2;
// A counter that a crowded host reports a second late covers more than a second.
const CORES_MAX_RATIO = 4;
// No host that runs VMs has less; 64 GiB sent as KiB would look like exactly this.
const HOST_MEMORY_MIN_BYTES = 128 * 1024 ** 2;
// The agent sends less; both are kept for each VM, and shown to people.
const OBSTACLES_MAX = 16;
const OBSTACLE_TEXT_MAX = 2_000;

/** Why the report is refused; undefined when it is accepted. `hostId` is the one in its subject. */
export function refuseReport(report: HostReport, hostId: string, storedAtMs: number): string | undefined {
  if (report.hostId === '' || report.hostId !== hostId)
    return `host_id "${report.hostId}" is not the subject's "${hostId}"`;
  if (report.hostName === '') return 'host_name is empty';
  if (report.bootId === '') return 'boot_id is empty';
  if (!Number.isSafeInteger(report.sequence) || report.sequence < 1) return 'sequence must count from 1';
  if (!(report.intervalMs >= INTERVAL_MIN_MS && report.intervalMs <= INTERVAL_MAX_MS))
    return `interval_ms ${report.intervalMs} is not from ${INTERVAL_MIN_MS} to ${INTERVAL_MAX_MS}`;
  if (!Number.isSafeInteger(report.tickAtMs) || report.tickAtMs <= 0) return 'tick_at_ms is not a time';
  if (report.tickAtMs > storedAtMs + FUTURE_MAX_MS)
    return `tick_at_ms is ${hoursAhead(report.tickAtMs - storedAtMs)} ahead of NATS; set the host's clock`;
  if (report.vms.some(({ uuid }) => uuid === '')) return 'a VM has no uuid';
  return (
    refuseAddresses(report.facts) ??
    report.vms.map(refuseObstacles).find((reason) => reason !== undefined) ??
    refuseFigures(report)
  );
}

/** Whole hours at most, so that the same fault keeps the same words from report to report and is logged once. */
function hoursAhead(aheadMs: number): string {
  const hours = Math.floor(aheadMs / HOUR_MS);
  if (hours < 1) return 'some minutes';
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/**
 * These are passed to the libvirt of another host, which runs as root and accepts far more than addresses. Plain TCP is up
 * to the agent there; a host that reports no address cannot be a target.
 */
function refuseAddresses(facts: HostFacts | null): string | undefined {
  if (facts === null) return undefined;
  const { libvirtUri, migrateUri } = facts;
  const libvirt = libvirtUri === '' ? undefined : refuseLibvirtUri(libvirtUri, true);
  if (libvirt !== undefined) return `facts.libvirt_uri: ${libvirt}`;
  const memory = refuseMigrateUri(migrateUri);
  return memory === undefined ? undefined : `facts.migrate_uri: ${memory}`;
}

function refuseFigures({ host, vms }: HostReport): string | undefined {
  if (host === null) return undefined;
  return refuseHost(host) ?? vms.map((vm) => refuseVm(vm, host)).find((reason) => reason !== undefined);
}

/** Refuses figures that no host can show: they have the wrong unit, and would attract VMs or drive them away. */
function refuseHost(host: HostSample): string | undefined {
  const { cpuCores, cpuUsedCores, cpuDemandCores, memoryBytes, memoryAvailableBytes } = host;
  if (!(cpuCores > 0)) return `cpu_cores ${cpuCores} is not above 0`;
  if (!(memoryBytes >= HOST_MEMORY_MIN_BYTES))
    return `memory_bytes ${memoryBytes} is too little: not in bytes?`;
  return (
    refuseFigure('cpu_used_cores', cpuUsedCores, CORES_MAX_RATIO * cpuCores, 'cores') ??
    refuseFigure('cpu_demand_cores', cpuDemandCores) ??
    refuseFigure('memory_available_bytes', memoryAvailableBytes, memoryBytes, 'bytes') ??
    refuseFigure('cpu_pressure_ratio', host.cpuPressureRatio, USED_MAX_RATIO, 'shares of 1') ??
    refuseFigure('memory_pressure_ratio', host.memoryPressureRatio, USED_MAX_RATIO, 'shares of 1') ??
    refuseFigure('memory_full_pressure_ratio', host.memoryFullPressureRatio, USED_MAX_RATIO, 'shares of 1') ??
    refuseFigure('io_pressure_ratio', host.ioPressureRatio, USED_MAX_RATIO, 'shares of 1') ??
    refuseFigure('swap_in_bytes_per_second', host.swapInBytesPerSecond)
  );
}

function refuseObstacles({ name, obstacles }: VmSample): string | undefined {
  if (obstacles.length > OBSTACLES_MAX)
    return `VM ${name}: ${obstacles.length} obstacles; at most ${OBSTACLES_MAX} are taken`;
  const long = obstacles.find(({ reason, cure }) => reason.length + cure.length > OBSTACLE_TEXT_MAX);
  return long === undefined ? undefined : `VM ${name}: the text of an obstacle exceeds ${OBSTACLE_TEXT_MAX}`;
}

function refuseVm(vm: VmSample, { cpuCores, memoryBytes }: HostSample): string | undefined {
  if (vm.counted && !(vm.memoryMaxBytes > 0))
    return `VM ${vm.name}: memory_max_bytes ${vm.memoryMaxBytes} is not above 0`;
  const refused =
    refuseFigure('cpu_cores', vm.cpuCores, CORES_MAX_RATIO * cpuCores, 'cores') ??
    refuseFigure('cpu_demand_cores', vm.cpuDemandCores) ??
    refuseFigure('steal_ratio', vm.stealRatio) ??
    refuseFigure('rss_bytes', vm.rssBytes, USED_MAX_RATIO * memoryBytes, 'bytes');
  return refused === undefined ? undefined : `VM ${vm.name}: ${refused}`;
}

/** Accepts a figure that was not measured. */
function refuseFigure(
  name: string,
  figure: number | undefined,
  max = Infinity,
  unit = '',
): string | undefined {
  if (figure === undefined || (figure >= 0 && figure <= max && Number.isFinite(figure))) return undefined;
  return `${name} ${figure} is not from 0 to ${max}${unit === '' ? '' : `: not in ${unit}?`}`;
}
