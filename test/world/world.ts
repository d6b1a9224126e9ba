// Offers the cases of other people's set-ups what they need on the lab's hosts: VMs as others define them, and virsh.
import { hostExec, hostRun } from '../../lab/hosts/control.ts';
import { pool, type HostName } from '../../lab/topology.ts';
import type { Maintenance } from '../../shared/gen/scheduler.ts';
import { schedulerService } from '../../shared/proto/load.ts';
import { defineVm } from '../faults/guests.ts';
import { until, type Answer, type Cluster } from '../e2e/cluster.ts';

export interface WorldCase {
  /** The number of the report that it was made from. */
  readonly id: string;
  readonly title: string;
  /** Part of npm test: it takes seconds. */
  readonly isQuick: boolean;
  readonly run: (world: World) => Promise<void>;
}

const wait = { timeoutMs: 60_000 };
const system = 'qemu:///system';

export class World {
  readonly cluster: Cluster;
  readonly violations: string[] = [];
  readonly #say: (text: string) => void;
  readonly #undo: (() => Promise<unknown>)[] = [];

  constructor(cluster: Cluster, say: (text: string) => void) {
    this.cluster = cluster;
    this.#say = say;
  }

  say(text: string): void {
    this.#say(text);
  }

  expect(isSo: boolean, what: string, seen?: unknown): void {
    if (isSo) return;
    const violation = seen === undefined ? what : `${what}; seen: ${textOf(seen)}`;
    this.violations.push(violation);
    this.#say(`  VIOLATION ${violation}`);
  }

  /** Does this after the case, also after a failed one; the last first. */
  after(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  async clean(): Promise<void> {
    await this.cluster.removeVms();
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }

  on(host: HostName, script: string): Promise<string> {
    return hostRun(host, ['bash', '-e', '-c', script], wait);
  }

  virsh(host: HostName, ...args: readonly string[]): Promise<string> {
    return hostRun(host, ['virsh', '--quiet', '-c', system, ...args], wait);
  }

  /** Defines and starts a VM as other tools do, and waits until the scheduler has sampled it. It boots nothing. */
  async start(host: HostName, name: string, devices: string, more = ''): Promise<string> {
    const full = `e2e-${name}`;
    await defineVm(
      host,
      `<domain type='qemu'><name>${full}</name><memory unit='MiB'>96</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='q35'>hvm</type></os>${more}
      <devices>${devices}</devices></domain>`,
    );
    await this.virsh(host, 'start', full);
    await this.isSampledOn(host, full);
    return full;
  }

  async isSampledOn(host: HostName, name: string): Promise<void> {
    await until(
      `${name} is sampled on ${host}`,
      60_000,
      async () => (await this.cluster.vms()).filter(({ sample }) => sample?.name === name),
      ([vm, ...others]) =>
        others.length === 0 && vm?.hostName === host && vm.sample?.state === 'VM_STATE_RUNNING',
    );
  }

  /** `evenkeel migrate`, which waits for the end. */
  migrate(name: string, to: HostName): Promise<Answer> {
    return this.cluster.evenkeel('migrate', name, '--to', to);
  }

  async moves(name: string, from: HostName, to: HostName): Promise<void> {
    const answer = await this.migrate(name, to);
    this.expect(answer.status === 0, `${name} moves from ${from} to ${to}`, answer);
    const copies = (await this.cluster.copies(name)).map(({ host, state }) => `${host} ${state}`);
    this.expect(copies.join() === `${to} running`, `${name} runs on ${to} alone`, copies);
  }

  /** The migration is refused before anything is told to libvirt, with these words; the VM stays and runs. */
  async isRefused(name: string, host: HostName, to: HostName, words: RegExp): Promise<void> {
    const answer = await this.migrate(name, to);
    const text = oneLine(answer.stdout + answer.stderr);
    this.expect(answer.status !== 0 && words.test(text), `${name} is refused with ${words.source}`, text);
    const [last] = (await this.cluster.migrations()).filter(({ vmName }) => vmName === name);
    this.expect(
      (last?.startedAtMs ?? 0) === 0,
      `the refusal of ${name} comes before the copy is ordered`,
      last,
    );
    const copies = (await this.cluster.copies(name)).map(({ host: on, state }) => `${on} ${state}`);
    this.expect(copies.join() === `${host} running`, `${name} still runs on ${host} alone`, copies);
  }

  /** Empties a host; resolves with what would leave and what would not, as told before anything moves. */
  async empty(host: HostName): Promise<Maintenance> {
    const request = { host, checkOnly: true };
    const { maintenance } = await this.cluster.calls.unary(
      schedulerService.EnterMaintenance,
      'ask for maintenance',
      request,
      wait,
    );
    await this.cluster.run('maintenance', 'enter', host, '--yes', '--no-wait');
    this.after(() => this.cluster.evenkeel('maintenance', 'exit', host));
    if (maintenance === null) throw new Error(`maintenance of ${host}: the answer is empty`);
    return maintenance;
  }

  async maintenance(): Promise<Maintenance[]> {
    const list = schedulerService.ListMaintenance;
    return (await this.cluster.calls.unary(list, 'list maintenance', {}, wait)).maintenance;
  }

  /** An image in a folder of the shared storage; removed after the case. */
  async image(host: HostName, path: string): Promise<string> {
    const file = `${pool.path}/${path}`;
    const [top] = path.split('/');
    await this.on(host, `mkdir -p "$(dirname '${file}')"; qemu-img create -q -f qcow2 '${file}' 16M`);
    this.after(() => hostExec(host, ['rm', '-rf', `${pool.path}/${top ?? path}`], wait));
    return file;
  }
}

export function fileDisk(path: string, device = 'vda'): string {
  return `<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/><source file='${path}'/><target dev='${device}' bus='virtio'/></disk>`;
}

function textOf(seen: unknown): string {
  return (typeof seen === 'string' ? seen : JSON.stringify(seen)).slice(0, 2_000);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
