// Messages of the two streams as points; what cannot be points is a value with its reason, for the writer to set aside.
import { messageOf } from '../../shared/errors.ts';
import { eventCodec } from '../../shared/proto/load.ts';
import { readReport } from '../reports/read-report.ts';
import { pointsOfEvent, pointsOfReport } from './points.ts';
import type { Point } from './schema.ts';

export type Decoded =
  | { readonly kind: 'points'; readonly points: readonly Point[] }
  /** No message of ours. */
  | { readonly kind: 'undecodable'; readonly reason: string }
  /** One that cannot be right. */
  | { readonly kind: 'invalid'; readonly reason: string };

/** A message of either stream; `storedAtMs` is when JetStream stored it. */
export type Decode = (subject: string, bytes: Uint8Array, storedAtMs: number) => Decoded;

export const decodeReport: Decode = (subject, bytes, storedAtMs) => {
  const reading = readReport(subject, bytes, storedAtMs);
  return reading.kind === 'report' ? { kind: 'points', points: pointsOfReport(reading.report) } : reading;
};

export const decodeEvent: Decode = (_subject, bytes) => {
  try {
    const event = eventCodec.decode(bytes);
    return event.atMs > 0
      ? { kind: 'points', points: pointsOfEvent(event) }
      : { kind: 'invalid', reason: `at_ms: is ${event.atMs}, not a time` };
  } catch (error) {
    // The codec is the only thing here that throws: on bytes that are no such message.
    return { kind: 'undecodable', reason: messageOf(error) };
  }
};
