// Estimates a pre-copy, round by round, from memory, dirty rate, bandwidth and downtime limit. Pure.
import type { MigrationEstimate } from '../../../shared/gen/telemetry.ts';

export interface CopyInput {
  /** Memory to be copied at least once. */
  readonly memoryBytes: number;
  /** Distinct bytes of memory that the guest changes in a second. */
  readonly dirtyBytesPerSecond: number;
  readonly bandwidthBytesPerSecond: number;
  readonly downtimeMaxMs: number;
}

export interface CopyEstimate extends MigrationEstimate {
  /** Dirty rate over bandwidth; from 1 on the copy does not converge. */
  readonly ratio: number;
  readonly rounds: number;
}

// QEMU has no limit; a copy that needs more rounds than this is far beyond all of our limits.
const ROUNDS_MAX = 100;
// Starting QEMU on the target and handing over took 1.3 to 2.1 s whatever the memory.
const FIXED_MS = 2_000;
// Device state and the resume itself: 10 to 30 ms measured with idle guests.
const HAND_OVER_MS = 20;
/** Beyond this ratio a copy takes many rounds and may not end; it is refused unless an operator orders it. */
export const RATIO_MAX = 0.7;

/**
 * Round i sends what changed during the round before, memory x ratio^i, until the rest fits into the downtime. With a
 * ratio of 1 or more further rounds gain nothing: what the first one leaves is sent during the pause.
 */
export function estimateCopy(input: CopyInput): CopyEstimate {
  const { memoryBytes, dirtyBytesPerSecond, bandwidthBytesPerSecond, downtimeMaxMs } = input;
  const ratio = dirtyBytesPerSecond / bandwidthBytesPerSecond;
  const enoughBytes = (bandwidthBytesPerSecond * downtimeMaxMs) / 1_000;
  let leftBytes = memoryBytes;
  let trafficBytes = 0;
  let rounds = 0;
  while (leftBytes > enoughBytes && rounds < ROUNDS_MAX) {
    trafficBytes += leftBytes;
    leftBytes = Math.min(memoryBytes, leftBytes * ratio);
    rounds += 1;
    if (ratio >= 1) break;
  }
  const liveMs = (trafficBytes / bandwidthBytesPerSecond) * 1_000;
  const pausedMs = (leftBytes / bandwidthBytesPerSecond) * 1_000;
  return {
    ratio,
    rounds,
    durationMs: FIXED_MS + liveMs + pausedMs,
    downtimeMs: HAND_OVER_MS + pausedMs,
    trafficBytes: Math.round(trafficBytes + leftBytes),
    dirtyBytesPerSecond,
  };
}
