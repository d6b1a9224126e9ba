// Keeps out points that would need a new series in a full index of InfluxDB: counted, told once an hour, tried again each hour.
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { HOUR_MS } from '../../shared/units.ts';

export interface FullIndex {
  /** True when no line is left out. */
  isEmpty(): boolean;
  /** Whether the line's series was refused within the hour; counts the point as lost if so. */
  leavesOut(line: string): boolean;
  /** InfluxDB refused this line alone because its index is full. */
  note(line: string, reason: string): void;
  /** Points lost since the start. */
  dropped(): number;
}

/** What an operator can do, in the order of effort. */
export const FULL_CURE =
  'restart influxd, which frees what belongs to data past retention; if that is not enough, raise the limit in the [data] ' +
  'section of influxdb.conf, use index-version = "tsi1" there, or lower influx.quarterHourDays';

// Room may have been made by then. Each series is searched for once in this time.
const RETRY_AFTER_MS = HOUR_MS;
// About 10 MB of keys. Beyond, all are tried again.
const SERIES_MAX = 50_000;

export function createFullIndex({
  clock,
  logger,
}: {
  readonly clock: Clock;
  readonly logger: Logger;
}): FullIndex {
  const series = new Set<string>();
  let sinceMs = 0;
  let loggedAtMs: number | undefined;
  let dropped = 0;
  return {
    isEmpty: () => {
      if (series.size > 0 && clock.monotonicMs() - sinceMs >= RETRY_AFTER_MS) series.clear();
      return series.size === 0;
    },
    leavesOut: (line) => {
      if (!series.has(seriesOf(line))) return false;
      dropped += 1;
      return true;
    },
    note: (line, reason) => {
      dropped += 1;
      const nowMs = clock.monotonicMs();
      if (series.size >= SERIES_MAX) series.clear();
      if (series.size === 0) sinceMs = nowMs;
      series.add(seriesOf(line));
      if (loggedAtMs !== undefined && nowMs - loggedAtMs < HOUR_MS) return;
      loggedAtMs = nowMs;
      logger.error(
        { reason, pointsLost: dropped, cure: FULL_CURE },
        'InfluxDB takes no new VMs: its index is full; the points of known VMs are still written',
      );
    },
    dropped: () => dropped,
  };
}

/** Measurement and tags: all up to the first space that is not escaped. */
function seriesOf(line: string): string {
  return /^(?:\\.|[^\\ ])*/s.exec(line)?.[0] ?? line;
}
