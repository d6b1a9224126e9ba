// Runs `npm run demo`: real KVM hosts, an overloaded one, and evenkeel moving a running guest off it.
import { parseArgs } from 'node:util';
import { withLock } from '../kernel/lock.ts';
import { down, up } from '../lab.ts';
import { networkIsUp } from '../hosts/network.ts';
import { operatorEnvironment } from '../services/operator.ts';
import { influxUrl } from '../topology.ts';
import { DemoCluster } from './cluster.ts';
import { evenkeel, removeGuests } from './guests.ts';
import { judge, type DemoResult } from './result.ts';
import { createScreen, type Screen } from './screen.ts';
import { play } from './story.ts';

// gRPC passes an IP address as TLS server name, which Node 20 deprecates (DEP0123); users of the demo cannot act on that.
process.noDeprecation = true;

const usage = `npm run demo -- [--json] [--keep]
  --json  one JSON object as the last line on stdout, everything else on stderr
  --keep  leave hosts, guests and services running, and say how to look around
`;

/** As long as a slow \`up\` by another command may take. */
const lockTimeoutMs = 300_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stderr.write(usage);
    return 0;
  }
  const asJson = values.json === true;
  const screen = createScreen(asJson ? 2 : 1);
  if (process.getuid?.() !== 0)
    throw new Error('run it as root: it makes containers, a bridge and control groups');
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      interrupted.abort(new Error(`ended by ${name}`));
    });
  }
  const result = await run(screen, values.keep === true, interrupted.signal);
  if (asJson) process.stdout.write(`${JSON.stringify(result)}\n`);
  return result.ok ? 0 : 1;
}

type Outcome = DemoResult | { readonly ok: false; readonly error: string };

/** Leaves the lab up if requested or if it was up before; else removes everything, however the demo ends. */
async function run(screen: Screen, keep: boolean, signal: AbortSignal): Promise<Outcome> {
  const wasUp = await networkIsUp();
  screen.heading('Bringing up three KVM hosts, NATS, InfluxDB and the scheduler');
  let outcome: Outcome;
  let cluster: DemoCluster | undefined;
  try {
    await withLock(lockTimeoutMs, () => up(screen.say));
    signal.throwIfAborted();
    cluster = new DemoCluster();
    await removeGuests(cluster);
    outcome = judge(await play(cluster, screen, signal));
    tell(screen, outcome);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    screen.heading('The demo failed');
    screen.say(text);
    outcome = { ok: false, error: text };
  }
  if (keep) lookAround(screen);
  else await clean(screen, cluster, wasUp);
  cluster?.close();
  return outcome;
}

function tell(screen: Screen, { ok, checks }: DemoResult): void {
  screen.heading(ok ? 'Result: all checks passed' : 'Result: some checks failed');
  for (const check of checks) screen.say(`${check.ok ? 'ok  ' : 'FAIL'} ${check.text}`);
}

async function clean(screen: Screen, cluster: DemoCluster | undefined, wasUp: boolean): Promise<void> {
  screen.heading('Cleaning up');
  try {
    if (wasUp && cluster !== undefined) {
      await evenkeel(screen, ['mode', 'recommend']);
      await removeGuests(cluster);
      screen.say('The lab was up before and stays up; take it down with: npm run lab -- down');
    } else if (!wasUp) {
      await withLock(lockTimeoutMs, () => down(screen.say));
    }
  } catch (error) {
    screen.say(
      `${error instanceof Error ? error.message : String(error)}; take the lab down with: npm run lab -- down`,
    );
  }
}

function lookAround(screen: Screen): void {
  const settings = Object.entries(operatorEnvironment).map(([name, value]) => `  export ${name}=${value}`);
  screen.heading('Everything is still running; look around');
  screen.say(
    [
      ...settings,
      '  node dist/cli/main.js top            hosts and guests, live',
      '  node dist/cli/main.js explain demo-1 why it moved or did not',
      '  node dist/cli/main.js mode recommend no more automatic moves',
      `  influx -host ${new URL(influxUrl).hostname} -port ${new URL(influxUrl).port} -database evenkeel   (package influxdb-client)`,
      '  grafana/dashboards/evenkeel.json     the dashboard, for a Grafana whose data source is that InfluxDB',
      '  npm run lab -- shell kvm1            a shell on a host',
      '  npm run lab -- down                  remove everything',
    ].join('\n'),
  );
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
