// What a pre-copy will take: the arithmetic of rounds, from memory, dirty rate, bandwidth and downtime limit. Pure.
import type { MigrationForecast } from '../../../shared/gen/telemetry.ts';

export interface ForecastInput {
  /** Memory to be copied at least once. */
  readonly memoryBytes: number;
  /** Unique bytes of memory that the guest changes in a second. */
  readonly dirtyBytesPerSecond: number;
  readonly bandwidthBytesPerSecond: number;
  readonly downtimeMaxMs: number;
}

export interface Forecast extends MigrationForecast {
  /** Dirty rate over bandwidth: from 1 on the copy never ends by itself. */
  readonly ratio: number;
  readonly rounds: number;
}

// QEMU goes on for ever; a copy that needs more rounds than this is far beyond any limit of ours.
const ROUNDS_MAX = 100;
// Starting QEMU on the target and handing over took 1.3 to 2.1 s whatever the memory.
const FIXED_MS = 2_000;
// Device state and the resume itself: 10 to 30 ms seen with idle guests.
const HAND_OVER_MS = 20;
/** Beyond this ratio a copy takes many rounds and ends by luck; it is refused unless a person asks. */
export const RATIO_MAX = 0.7;

/**
 * Round i sends what the round before left changed, memory x ratio^i, until what is left fits the downtime. With a
 * ratio of 1 or more nothing is gained by rounds: what is left after the first is what is paused for.
 */
export function forecast(input: ForecastInput): Forecast {
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
