// Runs a second scheduler next to the lab's own, with the same code and settings on another port.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { certificateFolder } from '../../lab/services/certificates.ts';
import { commandEnvironment } from '../../lab/command.ts';
import { codeStage, servicesFolder } from '../../lab/paths.ts';
import { bridge } from '../../lab/topology.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { Connection } from '../../shared/grpc/client.ts';
import { channelCredentials } from '../../shared/grpc/credentials.ts';
import type { ServiceCalls } from '../../shared/grpc/service-calls.ts';
import { schedulerService } from '../../shared/proto/load.ts';
import { sleep, until } from '../e2e/cluster.ts';

const address = `${bridge.address}:7446`;
const wait = { timeoutMs: 5_000 };
/** The stop of a scheduler is bounded by its unit's TimeoutStopSec; this is well beyond what it takes. */
const stopTimeoutMs = 30_000;

export class SecondScheduler {
  readonly #child: ChildProcess;
  readonly #calls: ServiceCalls;

  private constructor() {
    this.#child = spawn(
      join(codeStage, 'bin/node'),
      [join(codeStage, 'dist/scheduler/main.js'), '--config', join(servicesFolder, 'scheduler.yaml')],
      {
        stdio: 'ignore',
        env: {
          ...commandEnvironment,
          EVENKEEL_LISTEN_ADDRESS: address,
          EVENKEEL_LEADER_NAME: 'second',
        },
      },
    );
    const file = (name: string): string => join(certificateFolder('operator'), name);
    const tls = { caFile: file('ca.pem'), certFile: file('cert.pem'), keyFile: file('key.pem') };
    this.#calls = new Connection(
      { daemon: 'evenkeel-scheduler', address },
      channelCredentials({ mode: 'mutual', ...tls }, address),
    );
  }

  /** Starts it and waits until it answers. */
  static async start(): Promise<SecondScheduler> {
    const second = new SecondScheduler();
    try {
      await until(
        'the second scheduler answers',
        60_000,
        () =>
          second.migrations().then(
            () => true,
            () => false,
          ),
        (answers) => answers,
      );
      return second;
    } catch (error) {
      await second.stop();
      throw error;
    }
  }

  async migrations(): Promise<Migration[]> {
    const answer = await this.#calls.unary(
      schedulerService.ListMigrations,
      'list migrations',
      { limit: 1_000 },
      wait,
    );
    return answer.migrations;
  }

  /** The reason why it refuses to act; empty when it does not refuse. */
  async refusal(): Promise<string> {
    const request = { migrationId: 'none-of-this-id' };
    return this.#calls.unary(schedulerService.AbortMigration, 'abort migration', request, wait).then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  }

  async stop(): Promise<void> {
    this.#calls.close();
    const ended = new Promise<void>((resolve) => {
      this.#child.once('close', () => {
        resolve();
      });
    });
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await Promise.race([ended, sleep(stopTimeoutMs)]);
    this.#child.kill('SIGKILL');
  }
}
