// Tests the quick part of the fault suite (test/faults): four faults that together cover each daemon, both commit modes and every check.
import t from 'tap';
import type { CaseMode } from '../faults/cases/mode.ts';
import { cases } from '../faults/cases/list.ts';
import { runCase } from '../faults/run.ts';
import { openCluster, skipWithoutLab } from './cluster.ts';

const fileTimeoutMs = 600_000;
t.setTimeout(fileTimeoutMs);

/** Each takes ten to thirty seconds; all others, some of a minute and more: npm run test:faults. */
const chosen: readonly (readonly [id: string, variant: string | undefined, mode: CaseMode])[] = [
  ['F4', 'copying', 'lock'],
  ['F8', undefined, 'lock'],
  ['F9', undefined, 'paused'],
  ['F45', undefined, 'paused'],
];

t.test('faults during a migration', { skip: skipWithoutLab(), timeout: fileTimeoutMs }, async (t) => {
  const cluster = await openCluster(t);
  for (const [id, variant, mode] of chosen) {
    const fault = cases.find((one) => one.id === id && one.variant === variant);
    if (fault === undefined) throw new Error(`no case ${id} ${variant ?? ''}`);
    const { name, title, end, cause, violations } = await runCase(cluster, fault, mode, (text) => {
      t.comment(text);
    });
    t.strictSame(violations, [], `${name}: ${title}: ${end} ${cause}`);
  }
});
