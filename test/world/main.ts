// Runs npm run test:world: set-ups of other people on the lab's real hosts; with --json one object as the last line.
import { parseArgs } from 'node:util';
import { openCluster } from '../e2e/cluster.ts';
import { worldCases } from './cases/list.ts';
import { runWorldCase } from './run.ts';

const usage = `npm run test:world -- [OPTION...]
  --case NN   this case alone; repeatable
  --list      what there is
  --json      one object as the last line of stdout
`;

function say(text: string): void {
  console.error(text);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(usage);
    return 0;
  }
  if (values.list) {
    for (const { id, title, isQuick } of worldCases) say(`${id}: ${title}${isQuick ? ' (in npm test)' : ''}`);
    return 0;
  }
  const unknown = (values.case ?? []).filter((id) => !worldCases.some((one) => one.id === id));
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')}; see --list`);
  const wanted = worldCases.filter(({ id }) => values.case?.includes(id) ?? true);
  const endings: (() => Promise<void>)[] = [];
  const cluster = await openCluster({ comment: say, teardown: (work) => void endings.push(work) });
  const violations: string[] = [];
  try {
    for (const one of wanted) {
      say(`${one.id}: ${one.title}`);
      violations.push(...(await runWorldCase(cluster, one, say)).map((text) => `${one.id}: ${text}`));
    }
  } finally {
    for (const end of endings) await end();
  }
  const ok = violations.length === 0;
  say(`${wanted.length} cases, ${violations.length} violations`);
  // The cases are fixed; nothing is drawn at random.
  if (values.json)
    console.log(JSON.stringify({ suite: 'world', ok, seed: null, runs: wanted.length, violations }));
  return ok ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
