// Reads a message of the samples stream as a host report: the one door to the cluster view and to InfluxDB.
import { messageOf } from '../../shared/errors.ts';
import type { HostReport } from '../../shared/gen/telemetry.ts';
import { hostReportCodec } from '../../shared/proto/load.ts';
import { refuseReport } from './check-report.ts';
import { withoutTwins } from './twins.ts';

export type ReportReading =
  | { readonly kind: 'report'; readonly report: HostReport }
  /** The bytes are not a HostReport. */
  | { readonly kind: 'undecodable'; readonly reason: string }
  /** Its figures, time or sender cannot be right. */
  | { readonly kind: 'invalid'; readonly reason: string };

/** `storedAtMs` is when JetStream stored the message: a report may be read hours later, but is judged as of that time. */
export function readReport(subject: string, bytes: Uint8Array, storedAtMs: number): ReportReading {
  let report: HostReport;
  try {
    report = hostReportCodec.decode(bytes);
  } catch (error) {
    return { kind: 'undecodable', reason: `not a HostReport: ${messageOf(error)}` };
  }
  const reason = refuseReport(report, hostIdOf(subject), storedAtMs);
  return reason === undefined
    ? { kind: 'report', report: withoutTwins(report) }
    : { kind: 'invalid', reason };
}

/** The host that the subject of a report names. */
export function hostIdOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
