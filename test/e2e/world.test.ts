// Runs the quick cases of other people's set-ups (npm run test:world) on real hosts.
import t from 'tap';
import { worldCases } from '../world/cases/list.ts';
import { runWorldCase } from '../world/run.ts';
import { openCluster, skipWithoutLab } from './cluster.ts';

const fileTimeoutMs = 600_000;
t.setTimeout(fileTimeoutMs);

t.test("other people's set-ups", { skip: skipWithoutLab(), timeout: fileTimeoutMs }, async (t) => {
  const cluster = await openCluster(t);
  for (const one of worldCases.filter(({ isQuick }) => isQuick))
    await t.test(`${one.id}: ${one.title}`, async (t) => {
      const violations = await runWorldCase(cluster, one, (text) => {
        t.comment(text);
      });
      t.strictSame(violations, []);
    });
});
