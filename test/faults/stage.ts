// Sets the scene of one case: a guest, its source and target, the migration, and the means to hold it at a moment.
import { hostExec, hostRun } from '../../lab/hosts/control.ts';
import type { TickWatch } from '../../lab/image/guest.ts';
import type { HostName } from '../../lab/topology.ts';
import type { Migration } from '../../shared/gen/telemetry.ts';
import { seconds, sleep, until, type Cluster, type Guest } from '../e2e/cluster.ts';
import { schedulerService } from '../../shared/proto/load.ts';
import { defineVm } from './guests.ts';
import {
  cut,
  healAll,
  healPart,
  killAndKeepAway,
  mendCuts,
  powerOff,
  powerOn,
  signalPart,
  type Cut,
  type Part,
} from './parts.ts';

const virsh = ['virsh', '-c', 'qemu:///system'] as const;
const wait = { timeoutMs: 30_000 };
/** So slow that a copy of some 100 MiB outlasts every fault. */
const heldMibPerSecond = 1;
/** Bandwidth of a released copy: the scheduler's default. */
const releasedMibPerSecond = 100;

export class Stage {
  readonly cluster: Cluster;
  readonly guest: Guest;
  readonly source: HostName;
  readonly target: HostName;
  readonly watch: TickWatch;
  readonly #say: (text: string) => void;
  readonly #earlier: ReadonlySet<string>;

  constructor(
    scene: Pick<Stage, 'cluster' | 'guest' | 'source' | 'target' | 'watch'>,
    earlier: readonly Migration[],
    say: (text: string) => void,
  ) {
    this.cluster = scene.cluster;
    this.guest = scene.guest;
    this.source = scene.source;
    this.target = scene.target;
    this.watch = scene.watch;
    this.#earlier = new Set(earlier.map(({ migrationId }) => migrationId));
    this.#say = say;
  }

  say(text: string): void {
    this.#say(text);
  }

  agent(side: 'source' | 'target'): Part {
    return { kind: 'agent', host: this[side] };
  }

  libvirtd(side: 'source' | 'target'): Part {
    return { kind: 'libvirtd', host: this[side] };
  }

  qemu(side: 'source' | 'target'): Part {
    return { kind: 'qemu', host: this[side], vm: this.guest.name };
  }

  readonly scheduler: Part = { kind: 'scheduler' };
  readonly nats: Part = { kind: 'nats' };

  kill(part: Part): Promise<void> {
    return signalPart(part, 'SIGKILL');
  }

  async stop(part: Part): Promise<void> {
    await signalPart(part, 'SIGSTOP');
  }

  wake(part: Part): Promise<void> {
    return healPart(part);
  }

  /** SIGKILL to all at once; none starts again before it is healed. */
  async killAndKeepAway(parts: readonly Part[]): Promise<void> {
    await Promise.all(parts.map((part) => killAndKeepAway(part)));
  }

  async abort(migrationId: string): Promise<void> {
    await this.cluster.calls.unary(schedulerService.AbortMigration, 'abort migration', { migrationId }, wait);
  }

  /** Waits until the copy of this side has used its processors. */
  async runsOn(side: 'source' | 'target'): Promise<void> {
    await until(
      `the copy on ${this[side]} runs`,
      30_000,
      async () => (await this.tryVirsh(side, 'domstate', this.guest.name)).stdout.trim(),
      (state) => state === 'running',
    );
  }

  cut(one: Cut): Promise<void> {
    return cut(one);
  }

  mend(): Promise<void> {
    return mendCuts();
  }

  powerOff(side: 'source' | 'target'): Promise<void> {
    return powerOff(this[side]);
  }

  powerOn(side: 'source' | 'target'): Promise<void> {
    return powerOn(this[side]);
  }

  runOn(side: 'source' | 'target', script: string): Promise<string> {
    return hostRun(this[side], ['bash', '-e', '-c', script], wait);
  }

  /** Limits the rate at which the source sends on its link; undefined removes the limit. */
  async limitLink(rate: string | undefined): Promise<void> {
    const script =
      rate === undefined
        ? 'tc qdisc del dev host0 root'
        : `tc qdisc replace dev host0 root tbf rate ${rate} burst 64kbit latency 400ms`;
    await this.runOn('source', script);
  }

  /** Orders the migration and waits for its end, whatever the outcome. */
  async orderToEnd(): Promise<void> {
    const { status, text } = await this.order();
    if (status !== 0) throw new Error(`the migration was refused: ${text}`);
    await until(
      'the migration has ended',
      90_000,
      () => this.migrations(),
      ([migration]) => (migration?.endedAtMs ?? 0) > 0,
    );
  }

  /** Orders the guest back, repeatedly until the order is accepted, and waits for the end. */
  async orderBack(): Promise<string> {
    const before = (await this.migrations()).length;
    const answer = await until(
      'the way back is accepted',
      60_000,
      () => this.order(this.source),
      ({ status }) => status === 0,
    );
    const [back] = await until(
      'the guest is back',
      90_000,
      () => this.migrations(),
      (seen) => seen.length === before + 1 && (seen[0]?.endedAtMs ?? 0) > 0,
    );
    return `${back === undefined ? 'nothing' : stateOf(back)} ${answer.text}`;
  }

  /** Runs `work` while one process of the target listens on every port for incoming migrations. */
  async withPortsTaken(work: () => Promise<void>): Promise<void> {
    // ReuseAddr, as in libvirt: this also takes ports that an earlier migration closed a moment ago.
    const listen = `use IO::Socket::INET; my @s = map { IO::Socket::INET->new(Listen => 1, ReuseAddr => 1, LocalPort => $_)
      or die "port $_: $!\\n" } 49152..49215; open(F, ">", "/run/faults-ports.pid"); print F $$; close F; sleep 300;`;
    await this.runOn(
      'target',
      `setsid perl -e '${listen}' > /run/faults-ports.log 2>&1 < /dev/null &
      for _ in $(seq 100); do [ -s /run/faults-ports.pid ] && exit; sleep 0.1; done; cat /run/faults-ports.log >&2; exit 1`,
    );
    try {
      await work();
    } finally {
      await this.runOn('target', 'kill $(cat /run/faults-ports.pid); rm /run/faults-ports.*');
    }
  }

  /** Runs `work` while the target has a definition of its own that clashes; it must still be there afterwards. */
  async withDefinitionOnTarget(clash: 'same name' | 'same uuid', work: () => Promise<void>): Promise<void> {
    const uuid = (await this.virsh('source', 'domuuid', this.guest.name)).trim();
    const other = clash === 'same name' ? this.guest.name : 'e2e-clash';
    const id = clash === 'same uuid' ? `<uuid>${uuid}</uuid>` : '';
    const xml = `<domain type='qemu'><name>${other}</name>${id}<memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>`;
    await defineVm(this.target, xml);
    try {
      await work();
      const state = (await this.virsh('target', 'domstate', other)).trim();
      if (state !== 'shut off') throw new Error(`the target's own ${other} is now "${state}"`);
    } finally {
      await this.tryVirsh('target', 'undefine', other);
    }
  }

  pause(ms: number): Promise<void> {
    return sleep(ms);
  }

  healAll(): Promise<void> {
    return healAll();
  }

  virsh(side: 'source' | 'target', ...args: readonly string[]): Promise<string> {
    return hostRun(this[side], [...virsh, ...args], wait);
  }

  /** Returns exit status and output, whatever they are. */
  tryVirsh(
    side: 'source' | 'target',
    ...args: readonly string[]
  ): Promise<{ status: number; stdout: string; stderr: string }> {
    return hostExec(this[side], [...virsh, ...args], wait);
  }

  /** Asks the scheduler for the migration; resolves with the CLI's exit status and output. */
  async order(to: HostName = this.target): Promise<{ status: number; text: string }> {
    const answer = await this.cluster.evenkeel('migrate', this.guest.name, '--to', to, '--no-wait');
    return { status: answer.status, text: `${answer.stdout}${answer.stderr}`.trim() };
  }

  /** Migrations of the guest since the case began: one, unless something ordered it twice. */
  async migrations(): Promise<Migration[]> {
    return (await this.cluster.migrations()).filter(
      ({ migrationId, vmName }) => vmName === this.guest.name && !this.#earlier.has(migrationId),
    );
  }

  /** For example "COPYING"; empty while there is no migration or no answer. */
  async state(): Promise<string> {
    const [migration] = await this.migrations().catch(() => []);
    return migration === undefined ? '' : stateOf(migration);
  }

  /** Waits until memory is being copied, and slows the copy down so that it does not end. */
  async holdCopy(): Promise<void> {
    const script = `
      for look in $(seq 400); do
        if virsh domjobinfo "$1" 2>/dev/null | grep -q '^Memory processed'; then
          virsh migrate-setspeed "$1" ${heldMibPerSecond} >/dev/null && exit 0
        fi
        sleep 0.02
      done
      exit 1`;
    await hostRun(this.source, ['bash', '-c', script, 'bash', this.guest.name], wait);
    await until(
      'the scheduler sees the copy',
      20_000,
      () => this.state(),
      (state) => state === 'COPYING' || state === 'MIGRATING',
    );
  }

  /** Releases a held copy to full speed; does nothing when there is none any more. */
  async releaseCopy(): Promise<void> {
    await this.tryVirsh('source', 'migrate-setspeed', this.guest.name, String(releasedMibPerSecond));
  }

  /** With the copy held: brings the migration to where the source waits for a Finish that the target does not answer. */
  async holdFinish(): Promise<void> {
    await this.stop(this.libvirtd('target'));
    await this.releaseCopy();
    const startedMs = performance.now();
    await until(
      'the source is paused for the switch-over',
      20_000,
      async () => (await this.virsh('source', 'domstate', '--reason', this.guest.name)).trim(),
      (state) => state === 'paused (migrating)',
    );
    this.say(
      `the switch-over is pending, ${seconds(performance.now() - startedMs)} after the copy was released`,
    );
  }
}

export function stateOf({ state }: Migration): string {
  return state.replace('MIGRATION_STATE_', '');
}
