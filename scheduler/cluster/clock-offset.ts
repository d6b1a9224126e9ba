// Finds hosts whose clock is wrong, from the ticks of their reports and the times at which NATS stored them. Pure.
import type { HostReport } from '../../shared/gen/telemetry.ts';
import { SECOND_MS } from '../../shared/units.ts';

// As migrations refuse it (scheduler/migrations/checks.ts): a guest's clock would jump by as much.
const OFFSET_MAX_MS = 5 * SECOND_MS;

/** What one report shows. */
export interface ClockSight {
  /** How far the tick is ahead of the time of storing; below 0 when it is behind. */
  readonly aheadMs: number;
  /** Sent as soon as it was made. A report that waited for NATS is old, and says nothing about the clock. */
  readonly isLive: boolean;
}

export function clockSight({ tickAtMs, agent }: HostReport, storedAtMs: number): ClockSight {
  const aheadMs = tickAtMs - storedAtMs;
  // A crowded host takes its time for the sample.
  const tookMs = aheadMs < 0 ? Math.min(-aheadMs, agent?.sampleDurationMs ?? 0) : 0;
  return { aheadMs: aheadMs + tookMs, isLive: agent?.reportsBuffered === 0 };
}

/**
 * How far the clock is ahead, below 0 when it is behind; 0 while that is less than migrations bear, or not known. No report
 * can come before its tick, so one shows a clock that is ahead. One that is late may have been the first of an outage of
 * NATS, so two in a row must be, with nothing waiting behind them.
 */
export function clockOffsetMs(before: ClockSight | undefined, last: ClockSight): number {
  if (last.aheadMs > OFFSET_MAX_MS) return last.aheadMs;
  const areBehind = [before, last].every((sight) => sight?.isLive === true && sight.aheadMs < -OFFSET_MAX_MS);
  return areBehind ? last.aheadMs : 0;
}

/** "3 s", "400 days". */
export function offsetText(offsetMs: number): string {
  const seconds = Math.round(Math.abs(offsetMs) / SECOND_MS);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} hours` : `${Math.round(seconds / 86_400)} days`;
}
