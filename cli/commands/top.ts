// `evenkeel top`: shows hosts, migrations and VMs live: a screen on a terminal, frames in a file or pipe.
import { Option, type Command } from 'commander';
import { Backoff } from '../../shared/backoff.ts';
import { pause, systemClock } from '../../shared/clock.ts';
import type { WatchLoadResponse } from '../../shared/gen/scheduler.ts';
import { SECOND_MS } from '../../shared/units.ts';
import type { Context, Run } from '../context.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { wholeNumber } from './options.ts';
import { topFrame } from '../render/top.ts';
import { VM_ORDERS, type VmOrder } from '../render/vms.ts';
import { openScreen } from '../terminal/screen.ts';

interface TopOptions {
  readonly interval: number;
  readonly count?: number;
  readonly sort: VmOrder;
}

// The same keys as in top(1) where it has them.
const KEYS: Readonly<Record<string, VmOrder>> = {
  c: 'cpu',
  m: 'memory',
  w: 'wait',
  d: 'disk',
  n: 'net',
  a: 'name',
};
const KEY_HELP = 'q quit  sort: c cpu  m memory  w wait  d disk  n net  a name';
// A scheduler that restarts is back within seconds; asking more often would not help.
const RECONNECT_FIRST_MS = SECOND_MS;
const RECONNECT_MAX_MS = 5 * SECOND_MS;

export function addTopCommand(program: Command, run: Run): void {
  program
    .command('top')
    .summary('hosts, migrations and busiest VMs, live')
    .description(
      'Hosts, migrations and the busiest VMs, refreshed in place; q quits. In a file or a pipe, one frame follows the other.',
    )
    .option('--interval <seconds>', 'time between frames', wholeNumber(1, 3_600), 2)
    .option('--count <n>', 'end after this many frames', wholeNumber(1, 1_000_000))
    .addOption(new Option('--sort <by>', 'order of the VMs').choices(VM_ORDERS).default('cpu'))
    .addHelpText(
      'after',
      `\nKeys: ${KEY_HELP}\nWith --json: one object for each frame, one a line; a single frame unless --count is given.`,
    )
    .action(async (options: TopOptions, command: Command) => {
      await run(command, async (context) => {
        if (context.terminal.isInteractive && !context.json) await showScreen(context, options);
        else await printFrames(context, options);
      });
    });
}

function watchLoad({ scheduler, givenTimeoutMs }: Context, interval: number, signal: AbortSignal) {
  return scheduler.watch(
    {
      what: 'watch load',
      method: ({ WatchLoad }) => WatchLoad,
      request: { intervalMs: interval * SECOND_MS },
    },
    signal,
    givenTimeoutMs,
  );
}

async function printFrames(context: Context, options: TopOptions): Promise<void> {
  const { json, show } = context;
  const framesMax = options.count ?? (json ? 1 : Infinity);
  let frames = 0;
  for await (const load of watchLoad(context, options.interval, new AbortController().signal)) {
    const frame = { rows: Infinity, order: options.sort, footer: '' };
    show(load, (view) => topFrame(view, load, frame) + (frames + 1 < framesMax ? '\n' : ''));
    frames += 1;
    if (frames >= framesMax) return;
  }
  if (frames < framesMax)
    throw new CliFailure(
      'UNREACHABLE',
      EXIT.UNREACHABLE,
      'watch load: the scheduler closed the stream; try again',
    );
}

async function showScreen(context: Context, options: TopOptions): Promise<void> {
  const { terminal } = context;
  const framesMax = options.count ?? Infinity;
  const quit = new AbortController();
  let order = options.sort;
  let footer = KEY_HELP;
  let load: WatchLoadResponse | undefined;
  let frames = 0;
  const backoff = new Backoff({
    firstMs: RECONNECT_FIRST_MS,
    maxMs: RECONNECT_MAX_MS,
    random: Math.random,
  });
  const draw = (): void => {
    if (load === undefined) return;
    screen.draw(topFrame(terminal.view(), load, { rows: terminal.rows(), order, footer }));
  };
  const screen = openScreen(terminal, {
    key: (key) => {
      if (key === 'q' || key === '\u0003' || key === '\u001b') quit.abort();
      order = KEYS[key] ?? order;
      draw();
    },
    resized: draw,
  });
  const watch = async (): Promise<void> => {
    for await (const next of watchLoad(context, options.interval, quit.signal)) {
      load = next;
      footer = KEY_HELP;
      frames += 1;
      backoff.reset();
      draw();
      if (frames >= framesMax) return;
    }
  };
  try {
    while (!quit.signal.aborted && frames < framesMax) {
      await watch().catch((error: unknown) => {
        // Before the first frame nothing is lost by exiting, and the error says what to do.
        const isAway = error instanceof CliFailure && error.code === 'UNREACHABLE';
        if (!quit.signal.aborted && (frames === 0 || !isAway)) throw error;
      });
      if (frames >= framesMax) return;
      footer = 'The scheduler is unreachable; trying again. q quits.';
      draw();
      await pause(systemClock, backoff.nextMs(), quit.signal);
    }
  } finally {
    screen.close();
  }
}
