// The end of a daemon: told to stop, failed, or stuck while it stops.
import pino from 'pino';
import t from 'tap';
import * as v from 'valibot';
import { runToEnd, type Daemon } from '../../shared/daemon.ts';
import { ManualClock } from '../manual-clock.ts';

const STOP_TIMEOUT_MS = 25_000;
const pending = new Promise<never>(() => undefined);
const readLine = (line: unknown) => v.parse(v.looseObject({ level: v.number(), msg: v.string() }), line);

interface Run {
  readonly clock: ManualClock;
  readonly told: AbortController;
  readonly code: Promise<0 | 1>;
  readonly lines: ReturnType<typeof readLine>[];
  readonly stops: () => number;
}

function run(daemon: Partial<Daemon>): Run {
  const clock = new ManualClock();
  const told = new AbortController();
  const lines: Run['lines'] = [];
  let stops = 0;
  const logger = pino(
    {},
    {
      write: (line: string) => {
        lines.push(readLine(JSON.parse(line)));
      },
    },
  );
  const whole: Daemon = {
    failed: daemon.failed ?? pending,
    isHealthy: () => true,
    stop: () => {
      stops += 1;
      return daemon.stop?.() ?? Promise.resolve();
    },
  };
  const code = runToEnd(whole, { logger, clock, signal: told.signal });
  return { clock, told, code, lines, stops: () => stops };
}

void t.test('a daemon that is told to stop and does so ends with 0', async (t) => {
  const { told, code, stops } = run({});
  told.abort();
  t.equal(await code, 0);
  t.equal(stops(), 1);
});

void t.test('a daemon that fails is stopped in order, and ends with 1', async (t) => {
  const { code, stops, lines } = run({ failed: Promise.reject(new Error('no quorum')) });
  t.equal(await code, 1);
  t.equal(stops(), 1);
  t.match(lines, [{ level: 60, msg: 'stopping after a failure', err: { message: 'no quorum' } }]);
});

void t.test('a stop that hangs is said in the log, and ends with 1', async (t) => {
  const { clock, told, code, lines } = run({ stop: () => pending });
  told.abort();
  await clock.pass(STOP_TIMEOUT_MS);
  t.equal(await code, 1);
  t.match(lines.at(-1), { level: 60, msg: /did not stop cleanly/, err: { message: /25000 ms/ } });
});

void t.test('a stop that fails is said in the log, and ends with 1', async (t) => {
  const { told, code, lines } = run({ stop: () => Promise.reject(new Error('port in use')) });
  told.abort();
  t.equal(await code, 1);
  t.match(lines.at(-1), { level: 60, err: { message: 'port in use' } });
});
