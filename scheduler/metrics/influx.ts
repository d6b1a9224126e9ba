// Talks to InfluxDB: schema and statements by npm `influx`, each write one POST; translates its errors.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { InfluxDB, type IPoolOptions } from 'influx';
import * as v from 'valibot';
import { withDeadline, type Clock, type WaitOptions } from '../../shared/clock.ts';
import { DeadlineError, type ErrorCode, EvenkeelError, messageOf } from '../../shared/errors.ts';
import { MIB } from '../../shared/units.ts';
import type { Lines } from './line-protocol.ts';
import { continuousQueries, retentionPolicies, type RetentionPolicy } from './rollups.ts';
import type { InfluxSettings } from './settings.ts';

/**
 * The result of a write that InfluxDB answered. Refused: at least one point was bad (HTTP 400 or 413), and the good
 * ones may have been stored; `isWhole` when InfluxDB says it dropped every one. `isFull` when a point needs a new series
 * and a limit of the index is reached. InfluxDB 1.6 then also drops a good point that it does not count.
 */
export type WriteResult =
  | { readonly kind: 'written' }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly isWhole: boolean;
      readonly isFull: boolean;
    };

/** Rows of an answer that share a measurement and the tags of GROUP BY. */
export interface RowGroup {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

export interface Influx {
  /** Creates or updates database, retention policies and continuous queries. Safe to repeat. */
  ensureSchema(wait: WaitOptions): Promise<void>;
  /** Writes lines with millisecond timestamps. Throws when it is unknown whether they were stored: write them again. */
  write(lines: Lines, policy: RetentionPolicy['name'], wait: WaitOptions): Promise<WriteResult>;
  /** Runs a statement and ignores its rows. */
  execute(statement: string, wait: WaitOptions): Promise<void>;
  /** Runs one statement; the caller limits how much it returns. */
  select(statement: string, wait: WaitOptions): Promise<readonly RowGroup[]>;
  /** Closes idle connections. */
  close(): void;
}

// Marks our continuous queries; others may use the database, too.
const QUERY_PREFIX = 'evenkeel_';
// InfluxDB's error texts quote the offending lines, which may be long.
const REASON_MAX_LENGTH = 500;
// The reason comes after the quoted lines, so an answer cut too early has none; a key alone may have 64 KiB.
const ANSWER_MAX_LENGTH = MIB;
// For the writes of the lanes and the writer's own point.
const CONNECTIONS_MAX = 4;

/** Connects at first use. Throws INVALID_ARGUMENT when a file named in the settings cannot be read. */
export function createInflux(settings: InfluxSettings, clock: Clock): Influx {
  const url = new URL(settings.url);
  const ca = settings.caFile === '' ? {} : { ca: readSetting('influx.caFile', settings.caFile) };
  const agent =
    url.protocol === 'https:'
      ? new https.Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX, ...ca })
      : new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  const password =
    settings.passwordFile === '' ? '' : readSetting('influx.passwordFile', settings.passwordFile).trim();
  const client = createClient(settings, url, agent, password);
  const within = async <T>(
    what: string,
    wait: WaitOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    try {
      return await withDeadline(clock, what, wait, (signal) => settled(work(signal), signal));
    } catch (error) {
      wait.signal?.throwIfAborted();
      throw translate(what, settings, error);
    }
  };
  const run = (statement: string, signal: AbortSignal): Promise<unknown> =>
    client.query(statement, { method: 'POST', database: settings.database, signal });
  const post = (path: string, body: Buffer, signal: AbortSignal): Promise<Answer> => {
    const auth = settings.username === '' ? {} : { auth: `${settings.username}:${password}` };
    const request = { method: 'POST', agent, signal, ...auth, headers: { 'content-length': body.length } };
    return send(new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url), request, body);
  };
  return {
    ensureSchema: (wait) =>
      within('create the InfluxDB schema', wait, async (signal) => {
        await run(`CREATE DATABASE "${settings.database}"`, signal);
        await ensurePolicies(client, settings, (statement) => run(statement, signal));
        await ensureQueries(client, settings.database, (statement) => run(statement, signal));
      }),
    write: (lines, policy, wait) =>
      within('write to InfluxDB', wait, async (signal) => {
        const path = `/write?db=${settings.database}&rp=${policy}&precision=ms`;
        return writeResult(await post(path, Buffer.from(lines.text), signal), lines.count);
      }),
    execute: (statement, wait) =>
      within('run a statement in InfluxDB', wait, async (signal) => {
        await run(statement, signal);
      }),
    select: (statement, wait) =>
      within('ask InfluxDB', wait, async (signal) => {
        const answer = await client.query<RowGroup['rows'][number]>(statement, {
          method: 'POST',
          database: settings.database,
          signal,
        });
        return answer.groups();
      }),
    close: () => {
      agent.destroy();
    },
  };
}

function readSetting(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new EvenkeelError(
      'INVALID_ARGUMENT',
      `${key}: ${messageOf(error)}; make ${file} readable by the scheduler`,
      error,
    );
  }
}

function createClient(settings: InfluxSettings, url: URL, agent: http.Agent, password: string): InfluxDB {
  return new InfluxDB({
    host: url.hostname,
    port: Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port),
    protocol: url.protocol === 'https:' ? 'https' : 'http',
    path: url.pathname,
    database: settings.database,
    ...(settings.username === '' ? {} : { username: settings.username, password }),
    options: { agent },
    // The writer retries with its own backoff; the library must not also take a host out of use.
    pool: { maxRetries: 0, backoff: NO_BACKOFF },
  });
}

const NO_BACKOFF: NonNullable<IPoolOptions['backoff']> = {
  getDelay: () => 0,
  next: () => NO_BACKOFF,
  reset: () => NO_BACKOFF,
};

/** Settles on abort, too: the library's promise never settles when a connection breaks in the middle of an answer. */
function settled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

async function ensurePolicies(
  client: InfluxDB,
  settings: InfluxSettings,
  run: (statement: string) => Promise<unknown>,
): Promise<void> {
  const known = new Set((await client.showRetentionPolicies(settings.database)).map(({ name }) => name));
  for (const policy of retentionPolicies(settings)) {
    const verb = known.has(policy.name) ? 'ALTER' : 'CREATE';
    await run(
      `${verb} RETENTION POLICY "${policy.name}" ON "${settings.database}" DURATION ${policy.days}d ` +
        `REPLICATION 1 SHARD DURATION ${policy.shardDays}d${policy.isDefault ? ' DEFAULT' : ''}`,
    );
  }
}

/** Names contain a hash of the query: when a new version changes a query, it is created, and the old one dropped afterwards. */
async function ensureQueries(
  client: InfluxDB,
  database: string,
  run: (statement: string) => Promise<unknown>,
): Promise<void> {
  const known = new Set(
    (await listQueries(client, database)).filter((name) => name.startsWith(QUERY_PREFIX)),
  );
  for (const { name, resample, select } of continuousQueries(database)) {
    const hash = createHash('sha256').update(`${resample} ${select}`).digest('hex').slice(0, 8);
    const fullName = `${QUERY_PREFIX}${name}_${hash}`;
    if (known.delete(fullName)) continue;
    await run(`CREATE CONTINUOUS QUERY "${fullName}" ON "${database}" ${resample} BEGIN ${select} END`);
  }
  for (const outdated of known) await run(`DROP CONTINUOUS QUERY "${outdated}" ON "${database}"`);
}

/** Names of the database's queries; the answer has a group for each database. */
async function listQueries(client: InfluxDB, database: string): Promise<string[]> {
  const groups = (await client.showContinousQueries(database)).groups();
  return groups
    .filter((group) => group.name === database)
    .flatMap((group) => group.rows.map(({ name }) => name));
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function send(url: URL, options: http.RequestOptions, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        // The answer is read to its end, so that the connection can be reused, but the excess is dropped.
        if (text.length < ANSWER_MAX_LENGTH) text += part;
      });
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
      response.once('error', reject);
    });
    request.once('error', reject);
    request.end(body);
  });
}

// There is no code for it (tsdb/index/inmem of InfluxDB 1.6 and 1.8).
const FULL = /^partial write: max-(?:values-per-tag|series-per-database) limit exceeded/;

function writeResult({ status, text }: Answer, lineCount: number): WriteResult {
  if (status === 204) return { kind: 'written' };
  const reason = errorText(text);
  // InfluxDB has no finer codes: 400 means "partial write", "unable to parse" and the like, 413 a body over its limit.
  if (status !== 400 && status !== 413) throw new HttpStatusError(status, reason);
  // The count only saves the search for the bad points; if it were wrong, we would lose time, not points.
  const isWhole = reason.endsWith(` dropped=${lineCount}`);
  return { kind: 'refused', reason: shorten(reason), isWhole, isFull: FULL.test(reason) };
}

/** Keeps both ends: the text begins with what happened and ends with the reason; the offending lines are in between. */
function shorten(text: string): string {
  const half = REASON_MAX_LENGTH / 2;
  return text.length <= REASON_MAX_LENGTH ? text : `${text.slice(0, half)} … ${text.slice(-half)}`;
}

/** InfluxDB answers {"error": "…"}; a proxy may answer anything. */
function errorText(text: string): string {
  try {
    const answer: unknown = JSON.parse(text);
    if (v.is(v.object({ error: v.string() }), answer)) return answer.error.trim();
  } catch {
    // Not JSON: keep the text.
  }
  return text.trim();
}

class HttpStatusError extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(shorten(`HTTP ${status} ${text}`));
    this.status = status;
  }
}

/** Translates errors of HTTP and of npm `influx` into ours. */
function translate(what: string, settings: InfluxSettings, error: unknown): EvenkeelError {
  const fail = (code: ErrorCode, next: string): EvenkeelError =>
    new EvenkeelError(code, `${what} at ${settings.url}: ${messageOf(error)}; ${next}`, error);
  if (error instanceof DeadlineError)
    return fail('DEADLINE_EXCEEDED', 'retrying; check the load and the log of InfluxDB');
  switch (statusOf(error) ?? 0) {
    case 401:
      return fail('UNAUTHENTICATED', 'check influx.username and influx.passwordFile');
    case 403:
      return fail(
        'PERMISSION_DENIED',
        `grant influx.username ALL on ${settings.database}, or make it an administrator`,
      );
    case 404:
      return fail(
        'NOT_FOUND',
        'creating it and writing again; if this repeats, check influx.url and influx.database',
      );
    default:
      return fail('UNAVAILABLE', 'check influx.url and that InfluxDB runs');
  }
}

/** The HTTP status in an error of ours or of npm `influx` (whose RequestError has the response). */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpStatusError) return error.status;
  const answered = v.object({ res: v.object({ statusCode: v.number() }) });
  return v.is(answered, error) ? error.res.statusCode : undefined;
}
