// Connects to NATS, names streams, subjects and buckets, and creates the streams.
import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, RetentionPolicy, StorageType, DiscardPolicy, nanos } from 'nats';
import type { ConnectionOptions, JetStreamManager, NatsConnection, StreamConfig } from 'nats';
import { EvenkeelError, messageOf } from './errors.ts';
import type { NatsSettings } from './settings.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './units.ts';

export const SAMPLES_STREAM = 'EVENKEEL_SAMPLES';
export const EVENTS_STREAM = 'EVENKEEL_EVENTS';
/** The journal: an entry for each migration, by its id, and one for each VM that was ever moved. */
export const MIGRATIONS_BUCKET = 'EVENKEEL_MIGRATIONS';
/** The latest decisions, in a ring of entries. */
export const DECISIONS_BUCKET = 'EVENKEEL_DECISIONS';
/** The records of the latest decisions. */
export const RECORDS_STORE = 'EVENKEEL_RECORDS';
/** Operators' input at run time: modes, rules, maintenance, answers to proposals. */
export const CONTROL_BUCKET = 'EVENKEEL_CONTROL';
/** The VMs' demand in the last hour, an entry for each host. */
export const HISTORY_BUCKET = 'EVENKEEL_HISTORY';
/** The lease of the leader. */
export const LEASES_BUCKET = 'EVENKEEL_LEASES';

/** Subject of a host's reports. */
export function samplesSubject(hostId: string): string {
  return `evenkeel.v1.samples.${hostId}`;
}

/** Subject of events about a host. */
export function eventsSubject(hostId: string): string {
  return `evenkeel.v1.events.${hostId}`;
}

/** Nats-Msg-Id of a report: JetStream drops a report that is sent again. */
export function reportMessageId(hostId: string, bootId: string, sequence: number): string {
  return `${hostId}:${bootId}:${sequence}`;
}

/** Connects, or fails within `timeoutMs` with a text that says what to check. Once connected, it reconnects for ever. */
export async function connectNats(
  settings: NatsSettings,
  name: string,
  timeoutMs: number,
): Promise<NatsConnection> {
  try {
    return await connect({
      servers: settings.servers,
      name,
      timeout: timeoutMs,
      maxReconnectAttempts: -1,
      // Full jitter on top of this keeps a thousand agents from reconnecting at the same moment.
      reconnectTimeWait: SECOND_MS,
      reconnectJitter: 2 * SECOND_MS,
      // A half-open connection is detected after two unanswered pings.
      pingInterval: 10 * SECOND_MS,
      maxPingOut: 2,
      ...credentialsOf(settings),
      ...(settings.caFile === '' ? {} : { tls: { caFile: settings.caFile } }),
    });
  } catch (error) {
    throw new EvenkeelError(
      'UNAVAILABLE',
      `connect to NATS at ${settings.servers.join(', ')}: ${messageOf(error)}; check nats.servers and that nats-server runs`,
      error,
    );
  }
}

function credentialsOf({
  user,
  passwordFile,
  tokenFile,
  credentialsFile,
}: NatsSettings): Pick<ConnectionOptions, 'user' | 'pass' | 'token' | 'authenticator'> {
  const read = (file: string): string => readFileSync(file, 'utf8').trim();
  if (user !== '') return { user, pass: read(passwordFile) };
  if (tokenFile !== '') return { token: read(tokenFile) };
  return credentialsFile === '' ? {} : { authenticator: credsAuthenticator(readFileSync(credentialsFile)) };
}

/** Maximum sizes of the streams; the oldest messages go first. */
export interface StreamLimits {
  readonly samplesMaxBytes: number;
  readonly eventsMaxBytes: number;
}

function streamConfigs(limits: StreamLimits): Partial<StreamConfig>[] {
  return [
    {
      name: SAMPLES_STREAM,
      subjects: [samplesSubject('*')],
      // Covers an outage of InfluxDB of most of a working day; decisions need only the last minutes.
      max_age: nanos(6 * HOUR_MS),
      max_bytes: limits.samplesMaxBytes,
    },
    {
      name: EVENTS_STREAM,
      subjects: [eventsSubject('*')],
      max_age: nanos(7 * 24 * HOUR_MS),
      max_bytes: limits.eventsMaxBytes,
    },
  ];
}

/** Creates the streams, or updates their limits. Safe to repeat and to race. */
export async function ensureStreams(manager: JetStreamManager, limits: StreamLimits): Promise<void> {
  for (const stream of streamConfigs(limits)) {
    const name = stream.name ?? '';
    const exists = await streamExists(manager, name);
    const config = {
      ...stream,
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      // Retries after a lost acknowledgement come within seconds; a later duplicate overwrites the same point in InfluxDB.
      duplicate_window: nanos(2 * MINUTE_MS),
    };
    await (exists ? manager.streams.update(name, config) : manager.streams.add(config));
  }
}

async function streamExists(manager: JetStreamManager, name: string): Promise<boolean> {
  for await (const known of manager.streams.names(undefined)) if (known === name) return true;
  return false;
}
