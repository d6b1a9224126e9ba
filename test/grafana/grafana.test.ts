// The dashboard against a real InfluxDB that the real writer filled: every query returns rows, in every resolution.
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { createInflux } from '../../scheduler/metrics/influx.ts';
import { encodeLines } from '../../scheduler/metrics/line-protocol.ts';
import { backfillStatements } from '../../scheduler/metrics/rollups.ts';
import type { Point } from '../../scheduler/metrics/schema.ts';
import { influxSchema } from '../../scheduler/metrics/settings.ts';
import { systemClock, type Clock } from '../../shared/clock.ts';
import { HOUR_MS } from '../../shared/units.ts';
import { startMetricsPipeline } from '../metrics-pipeline.ts';
import { skipWithout } from '../services.ts';
import { until } from '../until.ts';
import {
  hostReport,
  migrationEvents,
  publishEvent,
  publishReport,
  tickBefore,
  uuidOf,
  vmSample,
} from '../scheduler/metrics/reports.ts';

interface Target {
  readonly query: string;
  readonly rawQuery?: boolean;
  readonly datasource?: { readonly uid: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly options?: { readonly yAxis?: { readonly unit?: string } };
}

interface Dashboard {
  readonly id: null;
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { name: string; query: string; target: Target }[] };
  readonly templating: {
    readonly list: readonly { name: string; type: string; query: string; options: { value: string }[] }[];
  };
}

const GRAFANA = new URL('../../grafana/', import.meta.url);

function readDashboards(): Dashboard[] {
  const folder = new URL('dashboards/', GRAFANA);
  return readdirSync(folder).map((file) =>
    asDashboard(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))),
  );
}

const DASHBOARDS = readDashboards();

/** Grafana's own substitution: macros, then variables. */
function substitute(query: string, values: Readonly<Record<string, string>>): string {
  const known: Readonly<Record<string, string>> = values;
  return query.replace(/\$\{?(\w+)\}?/g, (_match, name: string) => {
    const value = known[name];
    if (value === undefined) throw new Error(`$${name} is not defined in: ${query}`);
    return value;
  });
}

t.test('the dashboard fits its provisioning', (t) => {
  const source: unknown = parse(
    readFileSync(new URL('provisioning/datasources/evenkeel.yaml', GRAFANA), 'utf8'),
  );
  t.match(source, {
    apiVersion: 1,
    datasources: [{ uid: 'evenkeel', type: 'influxdb', jsonData: { dbName: influxSchema.database.default } }],
  });
  const provider: unknown = parse(
    readFileSync(new URL('provisioning/dashboards/evenkeel.yaml', GRAFANA), 'utf8'),
  );
  t.match(provider, { apiVersion: 1, providers: [{ type: 'file' }] });
  for (const dashboard of DASHBOARDS) {
    t.equal(dashboard.id, null);
    t.match(dashboard.uid, /^[a-z-]+$/);
    const panels = dashboard.panels.filter((panel) => panel.type !== 'row');
    t.equal(new Set(dashboard.panels.map((panel) => panel.id)).size, dashboard.panels.length, 'panel ids');
    t.equal(new Set(panels.map((panel) => panel.title)).size, panels.length, 'panel titles');
    for (const panel of panels) {
      const unit = panel.fieldConfig?.defaults.unit ?? panel.options?.yAxis?.unit;
      t.ok(panel.type === 'table' || unit !== undefined, `${panel.title} has a unit`);
      const targets = panel.targets ?? [];
      t.ok(targets.length > 0 && targets.every((target) => target.rawQuery === true), `${panel.title} asks`);
      for (const { datasource } of [panel, ...targets]) t.equal(datasource?.uid, 'evenkeel');
    }
  }
  t.end();
});

/** Waits a fifth of what is asked, so that the writer's own points, one each 10 s, come sooner. */
const hurried: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 5, signal) };

const skip = skipWithout('nats-server', 'influxd');
t.test('every query returns rows', { skip }, async (t) => {
  const { nats, influxService, settings, startWriter } = await startMetricsPipeline(t);
  const influx = createInflux(settings, systemClock);
  t.teardown(() => {
    influx.close();
  });
  const writer = startWriter({}, hurried);
  const nowMs = Date.now();
  // 40 minutes, a sample every 30 s: three steps of the coarsest resolution.
  const publishing: Promise<void>[] = [];
  for (let step = 0; step < 80; step += 1)
    for (let host = 0; host < 3; host += 1) {
      const vms = [vmSample(host, 0), vmSample(host, 1)];
      publishing.push(publishReport(nats, hostReport(host, tickBefore(nowMs, step * 6), vms)));
    }
  for (const event of migrationEvents(nowMs - 60_000))
    publishing.push(publishEvent(nats, uuidOf(0, 1), event));
  await Promise.all(publishing);

  const rows = async (query: string): Promise<number> => {
    const url = `${influxService.url}/query?db=evenkeel&q=${encodeURIComponent(query)}`;
    const answer: unknown = await (await fetch(url, { method: 'POST' })).json();
    return countRows(answer);
  };
  // 3 hosts, 2 VMs with a disk and a NIC each; 4 events.
  const points = 80 * 3 * (1 + 2 * 3) + 4;
  await until('all points to be written', () => writer.counters().pointsWritten >= points);
  // Two points of the writer itself: a rate needs as many.
  await until(
    "the writer's own points",
    async () => (await rows('SELECT points_written FROM metrics_writer')) >= 3,
  );
  // What the writer would have written of itself in that time, which this test cannot wait for.
  await influx.ensureSchema({ timeoutMs: 10_000 });
  for (const minutesAgo of [1, 10, 20, 30]) {
    const fields = {
      points_written: 10,
      points_refused: 0,
      messages_set_aside: 0,
      messages_waiting: 1,
      lag_ms: 1,
      write_ms: 1,
    };
    const atMs = nowMs - minutesAgo * 60_000;
    await influx.write(
      encodeLines([{ measurement: 'metrics_writer', tags: { host: 'past' }, fields, atMs }]),
      'raw',
      {
        timeoutMs: 10_000,
      },
    );
  }
  for (const statement of backfillStatements(settings.database, nowMs - 3_000_000, nowMs))
    await influx.execute(statement, { timeoutMs: 30_000 });

  await influx.write(encodeLines([FUTURE]), 'raw', { timeoutMs: 10_000 });

  const time = { timeFilter: `time >= ${nowMs - 3_000_000}ms and time <= ${nowMs + 60_000}ms` };
  const one = { host: 'kvm1', vm: 'vm\\-0\\-0' };
  const two = { host: '(kvm1|kvm2)', vm: '(vm\\-0\\-0|vm\\-1\\-0)' };
  const all = { host: '.*', vm: '.*' };
  const selections = [
    { ...time, ...all, resolution: 'raw', __interval: '30s' },
    { ...time, ...one, resolution: 'raw', __interval: '1m' },
    { ...time, ...two, resolution: 'raw', __interval: '5m' },
    { ...time, ...all, resolution: 'minute', __interval: '1m' },
    { ...time, ...all, resolution: 'quarter_hour', __interval: '15m' },
  ];
  const tables = async (title: string): Promise<Table[]> => {
    const panel = DASHBOARDS.flatMap(({ panels }) => panels).find((candidate) => candidate.title === title);
    const query = substitute(panel?.targets?.[0]?.query ?? '', {
      ...time,
      ...all,
      resolution: 'raw',
      __interval: '30s',
    });
    const url = `${influxService.url}/query?db=evenkeel&q=${encodeURIComponent(query)}`;
    const { results } = asAnswer(await (await fetch(url, { method: 'POST' })).json());
    return results[0]?.series ?? [];
  };
  const firstValue = async (title: string): Promise<unknown> => (await tables(title))[0]?.values[0]?.[1];
  t.equal(await firstValue('Hosts up'), 3);
  t.equal(await firstValue('VMs running'), 6);
  const seen = (await tables('Hosts with stale data')).map(({ values }) =>
    Number(new Date(String(values[0]?.[0]))),
  );
  t.equal(seen.length, 3, 'one row for each host that was seen in the last day');
  t.ok(
    seen.every((atMs) => atMs <= nowMs),
    'at a time that has been',
  );
  t.equal(await firstValue('CPU overcommit'), 0.25, '12 vCPUs on 48 cores');
  t.equal(await firstValue('Top VMs by disk IOPS'), 3.75 * 7, 'vm-1-0 has a load of 7');
  for (const dashboard of DASHBOARDS) {
    const queries = [
      ...dashboard.panels.flatMap((panel) =>
        (panel.targets ?? []).map(({ query }): [string, string] => [panel.title, query]),
      ),
      ...dashboard.annotations.list.flatMap(({ name, query, target }): [string, string][] => [
        [name, query],
        [name, target.query],
      ]),
      ...dashboard.templating.list
        .filter((variable) => variable.type === 'query')
        .map(({ name, query }): [string, string] => [`$${name}`, query]),
    ];
    for (const selection of selections)
      for (const [title, query] of queries) {
        const count = await rows(substitute(query, selection));
        t.ok(count > 0, `${title}: ${selection.resolution}, ${selection.host}, ${count} rows`);
      }
    const resolutions = dashboard.templating.list.find(({ name }) => name === 'resolution');
    t.same(
      resolutions?.options.map(({ value }) => value),
      [...new Set(selections.map(({ resolution }) => resolution))],
    );
  }
});

/** What a host with a wrong clock had written before its reports were refused; it is gone. */
const FUTURE: Point = {
  measurement: 'host',
  tags: { host: 'ahead', host_id: uuidOf(0, 9) },
  fields: { interval_ms: 5_000, vms_complete: true, vms_counted: 7, vcpus_assigned: 900, cpu_cores: 1 },
  atMs: Date.now() + 400 * 24 * HOUR_MS,
};

/** Rows with something else than a time in them; a query's error is thrown. */
function countRows(answer: unknown): number {
  const text = JSON.stringify(answer);
  const error = /"error":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  if (error !== undefined) throw new Error(error);
  const { results } = asAnswer(answer);
  return results
    .flatMap(({ series }) => series ?? [])
    .flatMap(({ columns, values }) =>
      values.filter((row) => row.some((value, index) => value !== null && columns[index] !== 'time')),
    ).length;
}

interface Table {
  columns: string[];
  values: unknown[][];
}

interface Answer {
  readonly results: readonly { series?: Table[] }[];
}

/** The shape of InfluxDB's answers (https://docs.influxdata.com/influxdb/v1.6/tools/api/#query). */
function asAnswer(value: unknown): Answer {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions
  return value as Answer;
}

/** The part of Grafana's dashboard files that is looked at here. */
function asDashboard(value: unknown): Dashboard {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions
  return value as Dashboard;
}
