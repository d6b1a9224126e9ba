// The door for reports from outside: what is not finite, named or in range does not come in.
import type { HostReport } from '../../shared/gen/evenkeel/v1/HostReport.ts';

// The agent's setting allows 1 to 60 s; tests run faster.
const INTERVAL_MIN_MS = 50;
const INTERVAL_MAX_MS = 60_000;
// Clocks of hosts kept by NTP differ by milliseconds; a report from the far future would hide all that follow.
const FUTURE_MAX_MS = 5 * 60_000;

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
  return undefined;
}
