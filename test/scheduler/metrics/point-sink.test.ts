// Tests the edge to InfluxDB: its answers, the search for bad points, and points too late for the continuous queries.
import { createServer, type RequestListener } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { InfluxDB } from 'influx';
import t, { type Test } from 'tap';
import { createInflux, type WriteResult } from '../../../scheduler/metrics/influx.ts';
import type { Lines } from '../../../scheduler/metrics/line-protocol.ts';
import { createLateSamples } from '../../../scheduler/metrics/late.ts';
import { influxSchema, type InfluxSettings } from '../../../scheduler/metrics/settings.ts';
import { createPointSink, writeAll } from '../../../scheduler/metrics/point-sink.ts';
import { systemClock, type Clock } from '../../../shared/clock.ts';
import { createLogger } from '../../../shared/log.ts';
import { loadSettings } from '../../../shared/settings.ts';
import { freePort, skipWithout, startInflux } from '../../services.ts';
import { until } from '../../until.ts';

function linesOf(lines: string[]): Lines {
  return { text: lines.join('\n'), count: lines.length };
}

const logger = createLogger('test', 'fatal');

function settingsOf(over: Partial<InfluxSettings>): InfluxSettings {
  return { ...loadSettings({ influx: influxSchema }, undefined, {}).influx, ...over };
}

/** A server with preset answers, for those that a healthy InfluxDB does not give. */
async function answering(t: Test, listener: RequestListener): Promise<string> {
  const port = await freePort();
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

t.test('every answer of InfluxDB is translated', async (t) => {
  let status = 204;
  let body = '';
  const url = await answering(t, (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  const influx = createInflux(settingsOf({ url, username: 'writer' }), systemClock);
  const write = (lines: string[]) => influx.write(linesOf(lines), 'raw', { timeoutMs: 2_000 });
  t.same(await write(['a']), { kind: 'written' });
  const refusals: [number, string, boolean][] = [
    [400, 'partial write: points beyond retention policy dropped=2', true],
    [400, 'partial write: field type conflict dropped=1', false],
    [400, "unable to parse 'x': missing fields", false],
    [413, 'Request Entity Too Large', false],
  ];
  for (const [code, reason, isWhole] of refusals) {
    status = code;
    body = JSON.stringify({ error: reason });
    t.same(await write(['a', 'b']), { kind: 'refused', reason, isWhole, isFull: false }, reason);
  }
  status = 400;
  const full = 'max-values-per-tag limit exceeded (6/6): measurement="vm" tag="uuid" value="u7"';
  for (const limit of [full, 'max-series-per-database limit exceeded: (9)']) {
    const reason = `partial write: ${limit} dropped=3`;
    body = JSON.stringify({ error: reason });
    t.same(await write(['a', 'b', 'c']), { kind: 'refused', reason, isWhole: true, isFull: true }, reason);
  }
  const failures: [number, string, RegExp][] = [
    [401, 'UNAUTHENTICATED', /check influx.username and influx.passwordFile$/],
    [403, 'PERMISSION_DENIED', /grant influx.username ALL on evenkeel/],
    [404, 'NOT_FOUND', /check influx.url and influx.database$/],
    [500, 'UNAVAILABLE', /HTTP 500 retention policy not found; check influx.url/],
    [503, 'UNAVAILABLE', /check influx.url and that InfluxDB runs$/],
  ];
  body = '{"error":"retention policy not found"}';
  for (const [code, expected, message] of failures) {
    status = code;
    await t.rejects(write(['a']), { code: expected, message }, `${code} on a write`);
    if (code < 500)
      await t.rejects(
        influx.execute('SHOW DATABASES', { timeoutMs: 2_000 }),
        { code: expected },
        `${code} on a statement`,
      );
  }
  influx.close();
});

t.test('an InfluxDB that is away or silent causes a failure within the deadline', async (t) => {
  const away = createInflux(settingsOf({ url: `http://127.0.0.1:${await freePort()}` }), systemClock);
  await t.rejects(away.write(linesOf(['a']), 'raw', { timeoutMs: 2_000 }), {
    code: 'UNAVAILABLE',
    message: /ECONNREFUSED/,
  });
  await t.rejects(away.ensureSchema({ timeoutMs: 2_000 }), { code: 'UNAVAILABLE' });
  const url = await answering(t, (_request, response) => {
    // Begins an answer and never ends it.
    response.writeHead(200).write('{');
  });
  const silent = createInflux(settingsOf({ url }), systemClock);
  await t.rejects(silent.write(linesOf(['a']), 'raw', { timeoutMs: 100 }), { code: 'DEADLINE_EXCEEDED' });
  await t.rejects(silent.execute('SHOW DATABASES', { timeoutMs: 100 }), { code: 'DEADLINE_EXCEEDED' });
  const stop = new AbortController();
  const reason = new Error('stopped');
  const pending = silent.write(linesOf(['a']), 'raw', { timeoutMs: 5_000, signal: stop.signal });
  stop.abort(reason);
  await t.rejects(pending, reason);
});

t.test('user, password and authority come from the settings', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-influx-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'se:cret\n');
  const seen: (string | undefined)[] = [];
  const url = await answering(t, (request, response) => {
    seen.push(request.headers.authorization, request.url);
    response.writeHead(204).end();
  });
  const influx = createInflux(
    settingsOf({ url: `${url}/behind/proxy/`, username: 'u', passwordFile }),
    systemClock,
  );
  await influx.write(linesOf(['a']), 'raw', { timeoutMs: 2_000 });
  t.same(seen, [
    `Basic ${Buffer.from('u:se:cret').toString('base64')}`,
    '/behind/proxy/write?db=evenkeel&rp=raw&precision=ms',
  ]);
  t.throws(() => createInflux(settingsOf({ passwordFile: join(folder, 'none') }), systemClock), {
    code: 'INVALID_ARGUMENT',
    message: /^influx.passwordFile: ENOENT/,
  });
});

t.test(
  'a user with write permission is enough once the schema exists',
  { skip: skipWithout('influxd') },
  async (t) => {
    const service = await startInflux({ auth: true });
    const folder = mkdtempSync(join(tmpdir(), 'evenkeel-influx-'));
    t.teardown(async () => {
      rmSync(folder, { recursive: true });
      await service.remove();
    });
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, 'pass');
    const sinkOf = (username: string) => {
      const settings = settingsOf({ url: service.url, username, passwordFile });
      const { signal } = new AbortController();
      const influx = createInflux(settings, systemClock);
      return {
        influx,
        sink: createPointSink({ influx, clock: systemClock, logger, signal, random: Math.random }),
      };
    };
    const first = new InfluxDB(service.url);
    await first.createUser('admin', 'pass', true);
    const admin = new InfluxDB({
      host: '127.0.0.1',
      port: service.port,
      username: 'admin',
      password: 'pass',
    });
    await sinkOf('admin').sink.ready();
    await admin.createUser('writer', 'pass');
    const { influx, sink } = sinkOf('writer');
    const wait = { timeoutMs: 5_000 };
    await t.rejects(influx.write(linesOf(['vm state=1i']), 'raw', wait), { code: 'PERMISSION_DENIED' });
    await admin.query('GRANT ALL ON "evenkeel" TO "writer"', { database: 'evenkeel', method: 'POST' });
    t.same(await sink.write(linesOf(['vm state=1i']), 'raw'), { kind: 'written' });
    await t.rejects(sinkOf('nobody').influx.ensureSchema(wait), { code: 'UNAUTHENTICATED' });
  },
);

t.test('invalid settings are named', (t) => {
  const load = (env: NodeJS.ProcessEnv) => loadSettings({ influx: influxSchema }, undefined, env);
  t.throws(() => load({ EVENKEEL_INFLUX_URL: '127.0.0.1:8086' }), /influx.url: must be "http/);
  t.throws(() => load({ EVENKEEL_INFLUX_URL: 'http://me:pw@host:8086' }), /must not hold a user or password/);
  t.throws(() => load({ EVENKEEL_INFLUX_DATABASE: 'a"b' }), /influx.database: must be/);
  t.throws(() => load({ EVENKEEL_INFLUX_BATCH_POINTS: '7' }), /influx.batchPoints: must be a whole number/);
  t.end();
});

t.test('the search finds exactly the bad lines and writes all others', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 200 }), async (areBad) => {
      const lines = areBad.map((isBad, index) => `${isBad ? 'bad' : 'good'} ${index}`);
      const written = new Set<string>();
      const write = ({ text }: Lines): Promise<WriteResult> => {
        const part = text.split('\n');
        const good = part.filter((line) => line.startsWith('good'));
        // As in InfluxDB, a partial write stores the good lines.
        for (const line of good) written.add(line);
        const isWhole = good.length === 0 && part.length % 2 === 0;
        return Promise.resolve(
          good.length === part.length
            ? { kind: 'written' }
            : { kind: 'refused', reason: 'bad', isWhole, isFull: false },
        );
      };
      const refusals = await writeAll(lines, write);
      return (
        JSON.stringify(refusals.map(({ index }) => index)) ===
          JSON.stringify(areBad.flatMap((isBad, index) => (isBad ? [index] : []))) &&
        written.size === areBad.filter((isBad) => !isBad).length
      );
    }),
  );
});

/** A clock on which only sleeping passes time, and does so at once. */
function fastClock(): Clock & { readonly slept: number[] } {
  let nowMs = 0;
  const slept: number[] = [];
  return {
    slept,
    nowMs: () => Date.now(),
    monotonicMs: () => nowMs,
    sleep: async (ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      slept.push(ms);
      nowMs += ms;
    },
  };
}

t.test('a write is repeated with growing, capped waits until InfluxDB answers', async (t) => {
  const clock = fastClock();
  let failures = 12;
  let schemas = 0;
  const sink = createPointSink({
    influx: {
      ensureSchema: () => {
        schemas += 1;
        return Promise.resolve();
      },
      write: () => {
        failures -= 1;
        return failures >= 0 ? Promise.reject(new Error('away')) : Promise.resolve({ kind: 'written' });
      },
      execute: () => Promise.resolve(),
      select: () => Promise.resolve([]),
      close: () => undefined,
    },
    clock,
    logger,
    signal: new AbortController().signal,
    random: () => 1,
  });
  t.same(await sink.write(linesOf(['a']), 'raw'), { kind: 'written' });
  t.same(clock.slept, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000, 15_000, 15_000]);
  t.equal(schemas, 13, 'the schema is looked after again after each failure');
  await sink.write(linesOf(['b']), 'raw');
  t.equal(schemas, 13, 'but not before each write');
});

t.test(
  'samples that came too late for the continuous queries are downsampled afterwards',
  { skip: skipWithout('influxd') },
  async (t) => {
    const service = await startInflux();
    t.teardown(() => service.remove());
    const settings = settingsOf({ url: service.url });
    const stop = new AbortController();
    const influx = createInflux(settings, systemClock);
    await influx.ensureSchema({ timeoutMs: 30_000 });
    const hourMs = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    const startAtMs = hourMs - 2 * 3_600_000;
    const lines: string[] = [];
    // Half an hour, a sample each 5 s; the load is the number of the minute.
    for (let atMs = startAtMs; atMs < startAtMs + 1_800_000; atMs += 5_000) {
      const minute = Math.floor((atMs - startAtMs) / 60_000);
      lines.push(
        `vm,uuid=u,name=a\\ b cpu_cores=${minute},cpu_time_ms=${atMs - startAtMs}i,state=1i ${atMs}`,
      );
    }
    await influx.write(linesOf(lines), 'raw', { timeoutMs: 30_000 });
    const late = createLateSamples({
      influx,
      database: settings.database,
      clock: fastClock(),
      logger,
      signal: stop.signal,
    });
    late.note(startAtMs, startAtMs + 1_795_000);
    const running = late.run();
    const client = new InfluxDB(`${service.url}/${settings.database}`);
    const rows = (policy: string) =>
      client.query<{ time: { getTime(): number }; cpu_cores: number; cpu_time_ms: number; name: string }>(
        `SELECT * FROM ${policy}.vm`,
      );
    await until('two quarters of an hour', async () => (await rows('quarter_hour')).length >= 2);
    stop.abort(new Error('done'));
    await running;
    const minutes = await rows('minute');
    t.equal(minutes.length, 30);
    t.match(minutes[7], { cpu_cores: 7, cpu_time_ms: 475_000, state: 1, name: 'a b', uuid: 'u' });
    t.equal(minutes[7]?.time.getTime(), startAtMs + 7 * 60_000);
    t.match(await rows('quarter_hour'), [
      { cpu_cores: 7, cpu_time_ms: 895_000 },
      { cpu_cores: 22, cpu_time_ms: 1_795_000 },
    ]);
  },
);
