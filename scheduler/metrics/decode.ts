// Messages of the two streams as points; what cannot be points is a value with its reason, for the writer to set aside.
import type { HostReport } from '../../shared/gen/telemetry.ts';
import { messageOf } from '../../shared/errors.ts';
import { samplesSubject } from '../../shared/nats.ts';
import { eventCodec, hostReportCodec } from '../../shared/proto/load.ts';
import { pointsOfEvent, pointsOfReport } from './points.ts';
import type { Point } from './schema.ts';

export type Decoded =
  | { readonly kind: 'points'; readonly points: readonly Point[] }
  /** No message of ours. */
  | { readonly kind: 'undecodable'; readonly reason: string }
  /** One that contradicts itself or its subject. */
  | { readonly kind: 'invalid'; readonly reason: string };

export function decodeReport(subject: string, bytes: Uint8Array): Decoded {
  return decode(() => {
    const report = hostReportCodec.decode(bytes);
    const problem = reportProblem(subject, report);
    return problem === undefined
      ? { kind: 'points', points: pointsOfReport(report) }
      : { kind: 'invalid', reason: problem };
  });
}

export function decodeEvent(_subject: string, bytes: Uint8Array): Decoded {
  return decode(() => {
    const event = eventCodec.decode(bytes);
    return event.atMs > 0
      ? { kind: 'points', points: pointsOfEvent(event) }
      : { kind: 'invalid', reason: `at_ms: is ${event.atMs}, not a time` };
  });
}

/** The codec is the only thing here that throws: on bytes that are no such message. */
function decode(work: () => Decoded): Decoded {
  try {
    return work();
  } catch (error) {
    return { kind: 'undecodable', reason: messageOf(error) };
  }
}

function reportProblem(subject: string, report: HostReport): string | undefined {
  // NATS can be told who may publish where; that is worth nothing if a report could speak for another host.
  if (subject !== samplesSubject(report.hostId))
    return `host_id: is "${report.hostId}", but the subject is ${subject}`;
  if (report.hostName === '') return 'host_name: is empty';
  if (!(report.tickAtMs > 0)) return `tick_at_ms: is ${report.tickAtMs}, not a time`;
  return undefined;
}
