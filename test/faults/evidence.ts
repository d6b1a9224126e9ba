// Saves the daemons' logs of a case with a violation.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostExec } from '../../lab/hosts/control.ts';
import { logFolder } from '../../lab/kernel/kernel-objects.ts';
import { hostNames } from '../../lab/topology.ts';

const wait = { timeoutMs: 30_000 };
/** A case logs a few hundred lines. */
const linesMax = 5_000;

/** Writes the logs since `sinceMs` into one file and returns its path. */
export async function keepEvidence(name: string, sinceMs: number): Promise<string> {
  const since = `@${Math.floor(sinceMs / 1_000)}`;
  const units = ['--unit', 'evenkeel-agent', '--unit', 'libvirtd'];
  const argv = [
    'journalctl',
    ...units,
    '--since',
    since,
    '--lines',
    String(linesMax),
    '--output',
    'short-iso',
  ];
  const journals = await Promise.all(
    hostNames.map(async (host) => {
      const { stdout, stderr } = await hostExec(host, argv, wait);
      return `== ${host}\n${stdout}${stderr}`;
    }),
  );
  const scheduler = await readFile(join(logFolder, 'scheduler.log'), 'utf8').catch(() => '');
  const recent = scheduler.split('\n').filter((line) => loggedAtMs(line) >= sinceMs);
  const file = join(
    logFolder,
    `faults-${name.replace(/[^A-Za-z0-9]+/g, '-')}${Math.floor(sinceMs / 1_000)}.txt`,
  );
  await writeFile(file, ['== scheduler', ...recent.slice(-linesMax), ...journals].join('\n'));
  return file;
}

/** pino writes the time as ISO text; 0 for lines of others. */
function loggedAtMs(line: string): number {
  const [, time] = /"time":"([^"]+)"/.exec(line) ?? [];
  return time === undefined ? 0 : Date.parse(time);
}
