// Asks the scheduler for hosts, VMs, decisions and migrations, and libvirt for running copies, for the demo.
import { systemClock } from '../../shared/clock.ts';
import type { HostLoad, VmLoad } from '../../shared/gen/scheduler.ts';
import type { Decision, Migration } from '../../shared/gen/telemetry.ts';
import { schedulerService } from '../../shared/proto/load.ts';
import { hostRun } from '../hosts/control.ts';
import { schedulerCalls } from '../services/operator.ts';
import { hostNames } from '../topology.ts';

const call = { timeoutMs: 10_000 };
const virshTimeoutMs = 20_000;
/** As many as one demo could make. */
const listLimit = 50;

export class DemoCluster {
  readonly #calls = schedulerCalls();

  async hosts(): Promise<HostLoad[]> {
    const answer = await this.#calls.unary(schedulerService.ListHosts, 'list hosts', {}, call);
    return answer.hosts;
  }

  async vms(): Promise<VmLoad[]> {
    const answer = await this.#calls.unary(schedulerService.ListVmLoads, 'list VMs', {}, call);
    return answer.vms;
  }

  async decisions(): Promise<Decision[]> {
    const answer = await this.#calls.unary(
      schedulerService.ListDecisions,
      'list decisions',
      { limit: listLimit },
      call,
    );
    return answer.decisions;
  }

  async migrations(): Promise<Migration[]> {
    const answer = await this.#calls.unary(
      schedulerService.ListMigrations,
      'list migrations',
      { limit: listLimit },
      call,
    );
    return answer.migrations;
  }

  close(): void {
    this.#calls.close();
  }
}

/** The hosts on which libvirt reports the VM as running. */
export async function runningOn(vm: string): Promise<string[]> {
  const lists = await Promise.all(
    hostNames.map(async (name) => {
      const list = ['virsh', '-c', 'qemu:///system', 'list', '--name', '--state-running'];
      const names = (await hostRun(name, list, { timeoutMs: virshTimeoutMs })).split('\n');
      return names.includes(vm) ? [name] : [];
    }),
  );
  return lists.flat();
}

/** Calls `look` every `everyMs` until it finds something; on timeout the error names `what`. */
export async function waitFor<T>(
  what: string,
  { timeoutMs, everyMs = 250, signal }: { timeoutMs: number; everyMs?: number; signal: AbortSignal },
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await systemClock.sleep(everyMs, signal);
  }
}
