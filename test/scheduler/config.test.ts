// Tests the scheduler's settings: the installed file matches the schema, and invalid values are refused by name.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { policyOf, schedulerSchema } from '../../scheduler/config.ts';
import { loadSettings } from '../../shared/settings.ts';
import { settingsFile } from '../../shared/settings-file.ts';

const FILE = new URL('../../systemd/scheduler.yaml', import.meta.url);
const HEADING =
  'Settings of evenkeel-scheduler. Each key shows its default; check changes with "evenkeel-scheduler --check-config".';

void t.test('the installed settings file holds every key with its default', (t) => {
  const text = settingsFile(HEADING, schedulerSchema);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(FILE, text);
  t.equal(readFileSync(FILE, 'utf8'), text, 'UPDATE_GOLDEN=1 rewrites the file');
  t.strictSame(parse(text), JSON.parse(JSON.stringify(loadSettings(schedulerSchema, undefined, {}))));
  t.end();
});

void t.test('a bad value, an unknown key or a contradiction is refused by name', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-config-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const cases: [yaml: string, error: RegExp][] = [
    ['mode: manual', /mode.*one of the possible values/],
    ['listen: {address: "0.0.0.0:0"}', /listen\.address.*port from 1 to 65535/],
    ['planner: {cpuEntryRatio: 90}', /planner\.cpuEntryRatio.*from 0\.1 to 2/],
    ['planner: {cpuExitRatio: 0.95}', /planner\.cpuExitRatio.*below planner\.cpuEntryRatio/],
    ['planner: {hotSamples: 6}', /planner\.hotSamples.*planner\.windowSamples/],
    ['migration: {bandwidthMibPerSecond: 0}', /migration\.bandwidthMibPerSecond.*1 to 100000/],
    ['rules: [{id: a, kind: apart, vms: [x, y]}]', /rules\[0\]\.kind.*one of affinity/],
    ['rules: [{id: a, kind: anti_affinity, vms: [x]}]', /"a".*at least 2/],
    ['rules: [{id: a, kind: pin, vm: [x]}]', /rules\[0\]\.vm/],
    ['planer: {hotSamples: 3}', /planer/],
    ['mode: [', /read settings/],
  ];
  for (const [yaml, error] of cases) {
    const file = join(folder, 'scheduler.yaml');
    writeFileSync(file, yaml);
    t.throws(() => policyOf(loadSettings(schedulerSchema, file, {})), {
      code: 'INVALID_ARGUMENT',
      message: error,
    });
  }
  t.end();
});
