// Runs npm run test:faults: the cases on real hosts, or random faults; with --json one object as the last line.
import { parseArgs } from 'node:util';
import { readProfile } from '../../lab/hosts/profile.ts';
import { openCluster, type Cluster } from '../e2e/cluster.ts';
import { caseName, type FaultCase } from './cases/case.ts';
import { caseModes, type CaseMode } from './cases/mode.ts';
import { cases, notRun } from './cases/list.ts';
import { pingPong } from './ping-pong.ts';
import { randomCase, randomFault } from './random.ts';
import { runCase, type CaseResult } from './run.ts';

const usage = `npm run test:faults -- [OPTION...]
  --case F12      this fault alone, in all its variants; repeatable, or with commas
  --mode lock     guests with locked disks alone; or paused: guests without; or lease: guests with a lease of virtlockd
  --seed N        random faults instead: fault number i has the seed N + i
  --count M       how many random faults, 20 when not said; for F1 how many migrations, 100 when not said
  --list          what there is, and what cannot run here
  --json          one object as the last line of stdout
`;

const randomCountDefault = 20;
const pingPongCountDefault = 100;

interface Options {
  readonly ids: readonly string[];
  readonly modes: readonly CaseMode[];
  readonly seed: number | undefined;
  readonly count: number | undefined;
}

function say(text: string): void {
  console.error(text);
}

function readOptions(values: {
  case?: string[] | undefined;
  mode?: string | undefined;
  seed?: string | undefined;
  count?: string | undefined;
}): Options {
  const ids = (values.case ?? []).flatMap((text) => text.split(',')).map((text) => text.trim().toUpperCase());
  const known = new Set(['F1', ...cases.map(({ id }) => id), ...notRun.map(({ id }) => id)]);
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')}; see --list`);
  const modes = caseModes.filter((mode) => values.mode === undefined || values.mode === mode);
  if (modes.length === 0) throw new Error(`--mode is one of ${caseModes.join(', ')}`);
  return {
    ids,
    modes,
    seed: wholeNumber('--seed', values.seed),
    count: wholeNumber('--count', values.count),
  };
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} is a whole number`);
  return Number(text);
}

function list(): void {
  say('F1: no fault, 100 migrations back and forth');
  for (const { id, variant, title, modes, means } of cases)
    say(
      `${id}${variant === undefined ? '' : ` ${variant}`} [${modes.join(', ')}]: ${title}${means === undefined ? '' : ` (${means})`}`,
    );
  for (const { id, title, reason } of notRun) say(`${id} not run: ${title}: ${reason}`);
}

async function runListed(cluster: Cluster, { ids, modes, count }: Options): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const profile = await readProfile();
  const wanted = (id: string): boolean => ids.length === 0 || ids.includes(id);
  // Mode by mode, since each has its own guest, which then boots only once.
  for (const mode of modes) {
    if (mode === 'lease' && profile !== 'leases') {
      say('lease not run: it is for the leases profile (npm run lab -- up --leases)');
      continue;
    }
    if (wanted('F1')) results.push(await pingPong(cluster, mode, count ?? pingPongCountDefault, say));
    for (const fault of cases.filter(({ id, modes: all }) => wanted(id) && all.includes(mode)))
      if (fault.profile === undefined || fault.profile === profile)
        results.push(await runCase(cluster, fault, mode, say));
      else
        say(
          `${caseName(fault, mode)} not run: it is for the ${fault.profile} profile (npm run lab -- up --${fault.profile})`,
        );
  }
  for (const { id, title, reason } of notRun) if (wanted(id)) say(`${id} not run: ${title}: ${reason}`);
  return results;
}

async function runRandom(cluster: Cluster, seed: number, { count, modes }: Options): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (let index = 0; index < (count ?? randomCountDefault); index += 1) {
    const fault = randomFault(seed + index);
    const [onlyMode] = modes;
    const mode = modes.length === 1 && onlyMode !== undefined ? onlyMode : fault.mode;
    const random: FaultCase = randomCase(fault);
    const result = await runCase(cluster, random, mode, say);
    if (result.violations.length > 0) say(`  replay: npm run test:faults -- --seed ${fault.seed} --count 1`);
    results.push(result);
  }
  return results;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true },
      mode: { type: 'string' },
      seed: { type: 'string' },
      count: { type: 'string' },
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
    list();
    return 0;
  }
  const options = readOptions(values);
  const startedMs = performance.now();
  const endings: (() => Promise<void>)[] = [];
  const cluster = await openCluster({
    comment: say,
    teardown: (work) => {
      endings.push(work);
    },
  });
  let results: CaseResult[] = [];
  try {
    results =
      options.seed === undefined
        ? await runListed(cluster, options)
        : await runRandom(cluster, options.seed, options);
  } finally {
    for (const end of endings) await end();
  }
  const violations = results.flatMap(({ name, violations: found }) =>
    found.map((violation) => `${name}: ${violation}`),
  );
  const ok = violations.length === 0 && results.length > 0;
  const tookS = Math.round((performance.now() - startedMs) / 1_000);
  say(`${results.length} cases in ${tookS} s, ${violations.length} violations`);
  for (const violation of violations) say(`VIOLATION ${violation}`);
  if (values.json) {
    const seed = options.seed ?? null;
    console.log(
      JSON.stringify({
        suite: 'faults',
        ok,
        seed,
        runs: results.length,
        violations,
        tookS,
        cases: results,
        notRun,
      }),
    );
  }
  return ok ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
