// Settings of the metrics writer: where InfluxDB is, how to get in, how much is kept there.
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
    doc: 'Where InfluxDB 1.x serves HTTP: "http://address:port" or "https://address:port". While it does not answer, samples wait in NATS (6 hours, or nats stream limits).',
    format: httpUrl,
    default: 'http://127.0.0.1:8086',
    env: 'EVENKEEL_INFLUX_URL',
  },
  database: {
    doc: 'Database for all that evenkeel writes; made when missing, with its retention policies and continuous queries.',
    format: databaseName,
    default: 'evenkeel',
    env: 'EVENKEEL_INFLUX_DATABASE',
  },
  username: {
    doc: 'InfluxDB user; empty when InfluxDB asks for none. It needs ALL on the database, and to be an administrator to make database, retention policies and continuous queries; without that they are taken as they are.',
    format: String,
    default: '',
    env: 'EVENKEEL_INFLUX_USERNAME',
  },
  passwordFile: {
    doc: "File that holds that user's password, readable by the service alone; read at start. A wrong one is logged, and samples wait in NATS.",
    format: String,
    default: '',
    env: 'EVENKEEL_INFLUX_PASSWORD_FILE',
  },
  caFile: {
    doc: "PEM file of the authority of InfluxDB's certificate, for https; empty for the system authorities.",
    format: String,
    default: '',
    env: 'EVENKEEL_INFLUX_CA_FILE',
  },
  batchPoints: {
    doc: 'Most points in one write, 100 to 20,000. Smaller ones cost InfluxDB more per point; larger ones hold more memory and take longer to repeat.',
    format: wholeNumber(100, 20_000),
    default: 5_000,
    env: 'EVENKEEL_INFLUX_BATCH_POINTS',
  },
  batchMs: {
    doc: 'Longest time in ms that a sample waits for its batch to fill, 10 to 10,000; a tenth of it once nothing more comes. It adds to the delay of what Grafana shows.',
    format: wholeNumber(10, 10_000),
    default: 1_000,
    env: 'EVENKEEL_INFLUX_BATCH_MS',
  },
  rawDays: {
    doc: 'Days that samples are kept as they came, 1 to 3,650. The most expensive setting on disk; reports older than this are refused by InfluxDB.',
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
    doc: 'Days that 15-minute means, migrations and decisions are kept, 30 to 36,500.',
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

/** Narrower than InfluxDB's rule, so that the name stands in any query, URL and Grafana file without escapes. */
function databaseName(value: unknown): void {
  if (typeof value !== 'string' || !/^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(value))
    throw new Error('must be 1 to 63 letters, digits, "_" or "-", starting with a letter');
}
