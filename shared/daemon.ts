// Runs a daemon: command line, settings, logger, systemd notification, signals, clean stop.
import { execFile } from 'node:child_process';
import { parseArgs } from 'node:util';
import type convict from 'convict';
import { aborted, systemClock, type Clock } from './clock.ts';
import { messageOf } from './errors.ts';
import { createLogger, type Logger } from './log.ts';
import { loadSettings } from './settings.ts';

// The unit's TimeoutStopSec is 30 s; a stop that hangs is given up before systemd kills the daemon.
const STOP_TIMEOUT_MS = 25_000;
const NOTIFY_TIMEOUT_MS = 5_000;

export interface Daemon {
  /** Rejects when the daemon cannot go on; then it is stopped and systemd restarts it. Never resolves. */
  readonly failed: Promise<never>;
  /** While false, the watchdog is not notified, so that systemd restarts a daemon that no longer does its work. */
  isHealthy(): boolean;
  /** Stops intake, hands over, flushes and closes, in this order. */
  stop(): Promise<void>;
}

export interface DaemonContext {
  readonly logger: Logger;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Aborts when the daemon is told to stop. */
  readonly signal: AbortSignal;
}

export interface DaemonSpec<Settings extends { logLevel: string }> {
  readonly name: string;
  readonly schema: convict.Schema<Settings>;
  readonly defaultConfigFile: string;
  /** Throws INVALID_ARGUMENT for settings that are valid one by one but contradict each other. */
  validate?(settings: Settings): void;
  start(settings: Settings, context: DaemonContext): Promise<Daemon>;
}

/** Runs the daemon to its end and sets the exit code: 0 stopped, 1 failed, 2 bad settings or usage. */
export async function runDaemon<Settings extends { logLevel: string }>(
  spec: DaemonSpec<Settings>,
): Promise<void> {
  let settings: Settings;
  try {
    const options = parseCommandLine(spec);
    settings = loadSettings(spec.schema, options.config);
    spec.validate?.(settings);
    if (options.checkConfig) {
      process.stdout.write(`${spec.name}: settings are valid\n`);
      return;
    }
  } catch (error) {
    process.stderr.write(`${spec.name}: ${messageOf(error)}\n`);
    process.exitCode = 2;
    return;
  }
  const logger = createLogger(spec.name, settings.logLevel);
  const stopped = stopSignal();
  try {
    const context = { logger, clock: systemClock, random: Math.random, signal: stopped.signal };
    const daemon = await spec.start(settings, context);
    await notify('READY=1');
    logger.info('ready');
    void keepWatchdog(daemon, stopped.signal);
    process.exitCode = await runToEnd(daemon, context);
  } catch (error) {
    logger.fatal({ err: error }, 'could not start');
    process.exitCode = 1;
  }
  // A handle still open in the event loop (a reconnecting socket) must not keep a stopped daemon alive.
  process.exit();
}

/**
 * Runs the daemon until it is told to stop or fails, then stops it. Returns the exit code: 0 only when it was told to
 * stop and did so in time.
 */
export async function runToEnd(
  daemon: Daemon,
  { logger, clock, signal }: Pick<DaemonContext, 'logger' | 'clock' | 'signal'>,
): Promise<0 | 1> {
  const end = await Promise.race([
    aborted(signal).then(() => 'told' as const),
    daemon.failed.catch((error: unknown) => {
      logger.fatal({ err: error }, 'stopping after a failure');
      return 'failed' as const;
    }),
  ]);
  if (end === 'told') logger.info('stopping');
  await notify('STOPPING=1');
  const late = clock.sleep(STOP_TIMEOUT_MS).then(() => {
    throw new Error(`not stopped within ${STOP_TIMEOUT_MS} ms`);
  });
  try {
    await Promise.race([daemon.stop(), late]);
  } catch (error) {
    logger.fatal({ err: error }, 'did not stop cleanly; work under way is resumed at the next start');
    return 1;
  }
  return end === 'told' ? 0 : 1;
}

function parseCommandLine(spec: { name: string; defaultConfigFile: string }): {
  config: string | undefined;
  checkConfig: boolean;
} {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, 'check-config': { type: 'boolean', default: false } },
  });
  return {
    config: values.config ?? process.env['EVENKEEL_CONFIG'] ?? spec.defaultConfigFile,
    checkConfig: values['check-config'],
  };
}

function stopSignal(): AbortController {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.once(name, () => {
      controller.abort(new Error(`stopped by ${name}`));
    });
  return controller;
}

/** Notifies systemd's watchdog at half its interval (sd_watchdog_enabled(3)) while the daemon is healthy. */
async function keepWatchdog(daemon: Daemon, signal: AbortSignal): Promise<void> {
  const watchdogUs = Number(process.env['WATCHDOG_USEC'] ?? 0);
  if (!(watchdogUs > 0)) return;
  while (!signal.aborted) {
    if (daemon.isHealthy()) await notify('WATCHDOG=1');
    await systemClock.sleep(watchdogUs / 2_000, signal).catch(() => undefined);
  }
}

/**
 * Sends one state to systemd. Node has no unix datagram sockets, so systemd's own tool does it; the unit
 * allows it with NotifyAccess=all. Silent without systemd.
 */
function notify(state: string): Promise<void> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    execFile('systemd-notify', [state], { timeout: NOTIFY_TIMEOUT_MS }, () => {
      resolve();
    });
  });
}
