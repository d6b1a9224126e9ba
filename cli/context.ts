// Gives every command the scheduler, the terminal and one way to show its result.
import type { Command } from 'commander';
import { SECOND_MS } from '../shared/units.ts';
import { toJson } from './json.ts';
import type { View } from './render/view.ts';
import { schedulerAt, type Scheduler } from './scheduler/client.ts';
import { connectionSettings, parseTimeoutMs, type GlobalOptions } from './settings.ts';
import type { Terminal } from './terminal/terminal.ts';

// The scheduler answers reads from memory; an operator should not have to wait longer to see that it is down.
const READ_TIMEOUT_MS = 10 * SECOND_MS;

export interface Context {
  readonly scheduler: Scheduler;
  readonly terminal: Terminal;
  readonly json: boolean;
  /** --timeout, else the command's own timeout. */
  readonly timeoutMs: (usualMs?: number) => number;
  /** --timeout if given; for calls that have no timeout by default. */
  readonly givenTimeoutMs: number | undefined;
  /** The result: `value` with --json, else the text. */
  readonly show: (value: unknown, text: (view: View) => string) => void;
}

/** Runs one command with its context and closes the connection afterwards. */
export type Run = (command: Command, work: (context: Context) => Promise<void>) => Promise<void>;

/** `Run` for this terminal and environment. */
export function runnerFor(terminal: Terminal, env: NodeJS.ProcessEnv): Run {
  return async (command, work) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const givenTimeoutMs = options.timeout === undefined ? undefined : parseTimeoutMs(options.timeout);
    const scheduler = schedulerAt(connectionSettings(options, env));
    const json = options.json === true;
    try {
      await work({
        scheduler,
        terminal,
        json,
        givenTimeoutMs,
        timeoutMs: (usualMs = READ_TIMEOUT_MS) => givenTimeoutMs ?? usualMs,
        show: (value, text) => {
          terminal.write(json ? `${JSON.stringify(toJson(value))}\n` : `${text(terminal.view())}\n`);
        },
      });
    } finally {
      scheduler.close();
    }
  };
}
