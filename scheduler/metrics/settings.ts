// Defines the settings of the metrics writer: address and login of InfluxDB, batches, retention.
import type convict from 'convict';
import { wholeNumber } from '../../shared/settings.ts';

export interface InfluxSettings {
  readonly url: string;
  readonly database: string;
  readonly username: string;
  readonly passwordFile: string;
  readonly caFile: string;
  readonly batchPoints: number;
  readonly batchMs: number;
  readonly rawDays: number;
  readonly minuteDays: number;
  readonly quarterHourDays: number;
}

/** Schema of `influx` in scheduler.yaml. */
export const influxSchema = {
  url: {
    doc: 'Address of InfluxDB 1.x: "http://address:port" or "https://address:port". While it does not answer, samples wait in NATS (for 6 hours, or up to the limits of the stream).',
    format: httpUrl,
    default: 'http://127.0.0.1:8086',
    env: 'EVENKEEL_INFLUX_URL',
  },
  database: {
    doc: 'Database for all that evenkeel writes; created when missing, with its retention policies and continuous queries.',
    format: databaseName,
    default: 'evenkeel',
    env: 'EVENKEEL_INFLUX_DATABASE',
  },
  username: {
    doc: 'InfluxDB user; empty when InfluxDB requires none. It needs ALL on the database, and administrator rights to create the database, retention policies and continuous queries; without those they must exist already.',
    format: String,
    default: '',
    env: 'EVENKEEL_INFLUX_USERNAME',
  },
  passwordFile: {
    doc: "File with that user's password, readable by the service only; read at start. With a wrong password an error is logged and samples wait in NATS.",
    format: String,
    default: '',
    env: 'EVENKEEL_INFLUX_PASSWORD_FILE',
  },
  caFile: {
    doc: "PEM file of the authority that signed InfluxDB's certificate, for https; empty for the system's authorities.",
    format: String,
    default: '',
    env: 'EVENKEEL_INFLUX_CA_FILE',
  },
  batchPoints: {
    doc: 'Maximum number of points in one write, 100 to 20,000. Smaller writes cost InfluxDB more per point; larger ones use more memory and take longer to repeat.',
    format: wholeNumber(100, 20_000),
    default: 5_000,
    env: 'EVENKEEL_INFLUX_BATCH_POINTS',
  },
  batchMs: {
    doc: 'Longest time in ms that a sample waits for its batch to fill, 10 to 10,000; a tenth of it once nothing more comes. It delays what Grafana shows.',
    format: wholeNumber(10, 10_000),
    default: 1_000,
    env: 'EVENKEEL_INFLUX_BATCH_MS',
  },
  rawDays: {
    doc: 'Days that raw samples are kept, 1 to 3,650. Of the three, this takes the most disk space; InfluxDB refuses reports older than this.',
    format: wholeNumber(1, 3_650),
    default: 7,
    env: 'EVENKEEL_INFLUX_RAW_DAYS',
  },
  minuteDays: {
    doc: 'Days that 1-minute means are kept, 7 to 3,650.',
    format: wholeNumber(7, 3_650),
    default: 90,
    env: 'EVENKEEL_INFLUX_MINUTE_DAYS',
  },
  quarterHourDays: {
    doc: 'Days that 15-minute means, migrations and decisions are kept, 30 to 36,500; those of a VM that is gone, up to two days less. VMs that are gone stay in the index of InfluxDB for as long, and by default it takes 100,000 (max-values-per-tag): with more than 137 new VMs a day, set fewer days, or index-version = "tsi1" in influxdb.conf.',
    format: wholeNumber(30, 36_500),
    default: 730,
    env: 'EVENKEEL_INFLUX_QUARTER_HOUR_DAYS',
  },
} satisfies convict.Schema<InfluxSettings>;

function httpUrl(value: unknown): void {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Error('must be "http://address:port" or "https://address:port"');
  if (url.username !== '' || url.password !== '')
    throw new Error('must not hold a user or password; use influx.username and influx.passwordFile');
}

/** Stricter than InfluxDB's rule, so that the name needs no escapes in queries, URLs and Grafana files. */
function databaseName(value: unknown): void {
  if (typeof value !== 'string' || !/^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(value))
    throw new Error('must be 1 to 63 letters, digits, "_" or "-", starting with a letter');
}
