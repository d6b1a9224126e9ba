// Removes VMs from InfluxDB's index once all their data is past retention.
import { pause, type Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { HOUR_MS, MINUTE_MS } from '../../shared/units.ts';
import type { Influx, RowGroup } from './influx.ts';
import type { InfluxSettings } from './settings.ts';

export interface GoneVms {
  /** Runs until the signal aborts. */
  run(): Promise<void>;
  /** One pass; returns the number of VMs removed. */
  sweep(): Promise<number>;
}

// InfluxDB keeps the last shard of quarter_hour up to 30 days past retention, so a pass a day is in time.
const INTERVAL_MS = 24 * HOUR_MS;
const FIRST_MS = HOUR_MS;
const STATEMENT_TIMEOUT_MS = MINUTE_MS;
// The newest data of a shard reaches the end of its retention just when the shard is dropped. Two days cover a late pass.
const EARLY_DAYS = 2;
// VMs asked about and removed by one statement. DROP SERIES locks the shards for a moment.
const PAGE = 100;
// A cluster with 100,000 VMs in its oldest month is beyond InfluxDB's own limits.
const PAGES_MAX = 1_000;
// For a cluster of much churn; the rest goes the next day.
const REMOVED_MAX = 2_000;

/**
 * InfluxDB 1.x forgets a series in its in-memory index only when it is removed while a shard still has it: values of a
 * shard that retention dropped count against max-values-per-tag until a restart (influxdata/influxdb #10500, #10476). So a
 * VM is removed before its last shard is dropped, two days before the end of retention at the earliest. All times are InfluxDB's own, since by
 * them it drops shards; a wrong clock here must not remove anything.
 */
export function createGoneVms(parts: {
  readonly influx: Influx;
  readonly settings: Pick<InfluxSettings, 'quarterHourDays' | 'minuteDays' | 'rawDays'>;
  readonly clock: Clock;
  /** From 0 to below 1, for the jitter of passes. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): GoneVms {
  const { influx, settings, clock, random, logger, signal } = parts;
  const wait = { signal, timeoutMs: STATEMENT_TIMEOUT_MS };
  const { quarterHourDays, minuteDays, rawDays } = settings;
  const keptDays = Math.max(quarterHourDays, minuteDays, rawDays) - EARLY_DAYS;
  const sweep = async (): Promise<number> => {
    let removed = 0;
    for (let page = 0; page < PAGES_MAX && removed < REMOVED_MAX; page += 1) {
      const old = uuidsOf(await influx.select(oldVms(keptDays, page), wait));
      if (old.length === 0) break;
      let gone = old;
      for (const statement of [reportingVms, keptVms]) {
        if (gone.length === 0) break;
        const alive = new Set(uuidsOf(await influx.select(statement(keptDays, gone), wait)));
        gone = gone.filter((uuid) => !alive.has(uuid));
      }
      if (gone.length === 0) continue;
      await influx.execute(`DROP SERIES WHERE ${anyOf(gone)}`, wait);
      removed += gone.length;
    }
    if (removed > 0) logger.info({ removed, keptDays }, 'removed VMs past retention from InfluxDB');
    return removed;
  };
  return {
    sweep,
    run: async () => {
      let waitMs = FIRST_MS;
      while (await pause(clock, waitMs * (0.75 + 0.5 * random()), signal)) {
        waitMs = INTERVAL_MS;
        await sweep().catch((error: unknown) => {
          if (!signal.aborted)
            logger.warn(
              { cause: messageOf(error) },
              'cannot remove VMs past retention from InfluxDB; trying again tomorrow',
            );
        });
      }
    },
  };
}

const MEASURED = 'last("vcpus")';

/** VMs with data past retention: reads the oldest shards only. */
function oldVms(keptDays: number, page: number): string {
  return (
    `SELECT ${MEASURED} FROM "quarter_hour"."vm" WHERE time < now() - ${keptDays}d ` +
    `GROUP BY "uuid" SLIMIT ${PAGE} SOFFSET ${page * PAGE}`
  );
}

/** Those that report: nearly all, at little cost. */
function reportingVms(_keptDays: number, uuids: readonly string[]): string {
  return `SELECT ${MEASURED} FROM "raw"."vm" WHERE ${anyOf(uuids)} GROUP BY "uuid"`;
}

/** Those with data that is to be kept. */
function keptVms(keptDays: number, uuids: readonly string[]): string {
  return (
    `SELECT ${MEASURED} FROM "minute"."vm", "quarter_hour"."vm" ` +
    `WHERE time >= now() - ${keptDays}d AND (${anyOf(uuids)}) GROUP BY "uuid"`
  );
}

function anyOf(uuids: readonly string[]): string {
  return uuids.map((uuid) => `"uuid" = '${uuid.replace(/[\\']/g, '\\$&')}'`).join(' OR ');
}

function uuidsOf(groups: readonly RowGroup[]): string[] {
  return groups.flatMap(({ tags, rows }) => {
    const uuid = tags['uuid'];
    return uuid === undefined || uuid === '' || rows.length === 0 ? [] : [uuid];
  });
}
