// Defines faults of guests and their QEMU processes, of the target's resources, and of operators who act at the wrong moment.
import { leases, pool } from '../../../lab/topology.ts';
import type { Migration } from '../../../shared/gen/telemetry.ts';
import { seconds, until } from '../../e2e/cluster.ts';
import type { FaultCase } from './case.ts';
import { leasePath } from '../guests.ts';
import { SecondScheduler } from '../second-scheduler.ts';
import type { Stage } from '../stage.ts';

const both = ['lock', 'paused'] as const;
const ordinarySilenceMs = 2_500;

const qemuCases: readonly FaultCase[] = [
  {
    id: 'F18',
    variant: 'copying',
    title: 'QEMU of the target is killed while memory is copied',
    modes: both,
    at: 'copying',
    strike: (stage) => stage.kill(stage.qemu('target')),
    ends: ['FAILED'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F18',
    variant: 'finish',
    title: 'QEMU of the target is killed while the switch-over is pending',
    modes: both,
    at: 'finish',
    strike: async (stage) => {
      await stage.kill(stage.qemu('target'));
      await stage.wake(stage.libvirtd('target'));
    },
    ends: ['FAILED'],
    home: 'source',
  },
  {
    id: 'F18',
    variant: 'after',
    title: 'QEMU is killed on the target right after the migration succeeded',
    modes: ['lock'],
    at: 'done',
    strike: (stage) => stage.kill(stage.qemu('target')),
    ends: ['SUCCEEDED'],
    home: 'gone',
  },
  {
    id: 'F19',
    variant: 'copying',
    title: 'QEMU of the source is killed while memory is copied: the guest is nowhere',
    modes: both,
    at: 'copying',
    strike: (stage) => stage.kill(stage.qemu('source')),
    ends: ['CRASHED'],
    causes: ['guest_crashed'],
    home: 'gone',
  },
  {
    id: 'F19',
    variant: 'finish',
    title: 'QEMU of the source is killed while the switch-over is pending; the target has all memory',
    modes: both,
    at: 'finish',
    strike: async (stage) => {
      await stage.kill(stage.qemu('source'));
      await stage.wake(stage.libvirtd('target'));
    },
    // libvirt may give up the copy together with its source: then the guest has crashed, and is on neither host.
    ends: ['SUCCEEDED', 'CRASHED'],
    home: 'alive or gone',
  },
  {
    id: 'F20',
    variant: 'copying',
    title: 'the source loses its power while memory is copied',
    modes: ['lock'],
    at: 'copying',
    strike: (stage) => powerLost(stage, 'source'),
    ends: ['CRASHED', 'FAILED'],
    home: 'gone',
    means: 'its libvirtd, agent and QEMUs are killed and its systemd stopped; the kernel is shared',
  },
  {
    id: 'F20',
    variant: 'finish',
    title: 'the source loses its power while the switch-over is pending',
    modes: ['lock'],
    at: 'finish',
    strike: async (stage) => {
      await stage.powerOff('source');
      await stage.wake(stage.libvirtd('target'));
      await stage.pause(20_000);
      await stage.powerOn('source');
    },
    ends: ['SUCCEEDED', 'CRASHED'],
    home: 'alive or gone',
    means: 'as above',
  },
  {
    id: 'F21',
    variant: 'copying',
    title: 'the target loses its power while memory is copied',
    modes: both,
    at: 'copying',
    strike: (stage) => powerLost(stage, 'target'),
    ends: ['FAILED'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
    means: 'as F20',
  },
  {
    id: 'F21',
    variant: 'finish',
    title: 'the target loses its power while the switch-over is pending',
    modes: ['lock'],
    at: 'finish',
    strike: (stage) => powerLost(stage, 'target'),
    ends: ['FAILED'],
    home: 'source',
    silenceMaxMs: 45_000,
    means: 'as F20',
  },
];

async function powerLost(stage: Stage, side: 'source' | 'target'): Promise<void> {
  await stage.powerOff(side);
  await stage.pause(15_000);
  await stage.powerOn(side);
}

/** The guest may end before its answer has left. */
async function endItself({ guest }: Stage, how: 'off' | 'reset' | 'panic'): Promise<void> {
  await guest.tell(`end ${how}`).catch((error: unknown) => {
    if (!String(error).includes('ECONNRESET')) throw error;
  });
}

const guestCases: readonly FaultCase[] = [
  {
    id: 'F22',
    title: 'the guest changes its memory faster than it can be copied',
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      await stage.guest.tell('dirty 400 100');
      await stage.releaseCopy();
    },
    ends: ['ABORTED', 'FAILED'],
    causes: ['not_converging', 'timeout'],
    home: 'source',
    endsWithinMs: 240_000,
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F23',
    variant: 'shutdown',
    title: 'the guest shuts itself down while its memory is copied',
    modes: ['lock'],
    at: 'copying',
    strike: (stage) => endItself(stage, 'off'),
    ends: ['CRASHED', 'ABORTED', 'FAILED'],
    causes: ['guest_shutdown'],
    home: 'gone',
  },
  {
    id: 'F23',
    variant: 'reset',
    title: 'the guest resets itself while its memory is copied',
    modes: ['lock'],
    at: 'copying',
    strike: (stage) => endItself(stage, 'reset'),
    ends: ['SUCCEEDED', 'FAILED', 'ABORTED'],
    home: 'told',
    restartsGuest: true,
  },
  {
    id: 'F23',
    variant: 'panic',
    title: 'the guest’s kernel panics while its memory is copied; it starts itself again',
    modes: ['lock'],
    at: 'copying',
    strike: (stage) => endItself(stage, 'panic'),
    ends: ['SUCCEEDED', 'FAILED', 'ABORTED'],
    home: 'told',
    restartsGuest: true,
  },
];

/** Orders the migration while the target sees an empty folder at the path. */
function withHidden(path: string): FaultCase['strike'] {
  return async (stage) => {
    await stage.runOn('target', `mount -t tmpfs -o size=1M nothing ${path}`);
    try {
      await stage.orderToEnd();
    } finally {
      await stage.runOn('target', `umount ${path}`);
    }
  };
}

async function takeLeaseAway(stage: Stage): Promise<void> {
  const lease = leasePath(stage.guest.name);
  await stage.runOn('source', `mv ${lease} ${lease}.away`);
  try {
    await stage.orderToEnd();
  } finally {
    await stage.runOn('source', `mv ${lease}.away ${lease}`);
  }
}

const targetCases: readonly FaultCase[] = [
  {
    id: 'F25',
    variant: 'image',
    title: 'the target cannot read the guest’s image',
    modes: ['lock'],
    at: 'before',
    strike: withHidden(pool.path),
    ends: ['FAILED'],
    // libvirt's pool may not have noticed yet; then libvirt's Prepare fails.
    causes: ['storage_unsafe', 'disk_not_visible', 'dst_failed'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F25',
    variant: 'ports',
    title: 'every port for incoming migrations is taken on the target',
    modes: ['lock'],
    at: 'before',
    strike: async (stage) => {
      await stage.withPortsTaken(() => stage.orderToEnd());
    },
    ends: ['FAILED'],
    causes: ['ports_exhausted'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  ...(
    [
      ['folder', 'the folder of the leases is not mounted on the target', withHidden(leases.path)],
      ['file', 'the lease of a running guest is taken out of its folder', takeLeaseAway],
    ] as const
  ).map(([variant, title, strike]): FaultCase => ({
    id: 'F39',
    variant,
    title,
    modes: ['lease'],
    at: 'before',
    strike,
    ends: ['FAILED'],
    causes: ['lock_not_provable'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  })),
  ...(['same name', 'same uuid'] as const).map((variant): FaultCase => ({
    id: 'F26',
    variant,
    title: `the target has another VM of the ${variant}`,
    modes: ['lock'],
    at: 'before',
    strike: async (stage) => {
      await stage.withDefinitionOnTarget(variant, () => stage.orderToEnd());
    },
    ends: ['FAILED'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  })),
];

const peopleCases: readonly FaultCase[] = [
  {
    id: 'F28',
    variant: 'destroy on the target',
    title: 'an operator destroys the incoming copy with virsh while memory is copied',
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      await stage.virsh('target', 'destroy', stage.guest.name);
    },
    ends: ['FAILED'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F28',
    variant: 'destroy on the source',
    title: 'an operator destroys the guest with virsh while memory is copied',
    modes: ['lock'],
    at: 'copying',
    strike: async (stage) => {
      await stage.virsh('source', 'destroy', stage.guest.name);
    },
    ends: ['CRASHED', 'ABORTED', 'FAILED'],
    causes: ['guest_shutdown', 'guest_crashed'],
    home: 'gone',
  },
  {
    id: 'F28',
    variant: 'domjobabort',
    title: 'an operator cancels libvirt’s job with virsh while memory is copied',
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      await stage.virsh('source', 'domjobabort', stage.guest.name);
    },
    ends: ['ABORTED'],
    causes: ['user_abort'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F29',
    variant: 'second order',
    title: 'the VM is ordered to another host while it migrates: refused',
    modes: ['lock'],
    at: 'copying',
    strike: async (stage) => {
      const { status, text } = await stage.order('kvm3');
      stage.say(`second order: status ${status}: ${text}`);
      if (status === 0) throw new Error('a second migration of the VM was accepted');
    },
    ends: ['SUCCEEDED'],
    home: 'target',
    silenceMaxMs: ordinarySilenceMs,
  },
  ...(['killed', 'stopped'] as const).map((variant): FaultCase => ({
    id: 'F29',
    variant: `leader ${variant}`,
    title: `a second scheduler stands by; the leading one is ${variant} while memory is copied, and comes back`,
    modes: both,
    at: 'copying',
    strike: (stage) => changeLeader(stage, variant),
    ends: ['SUCCEEDED'],
    home: 'target',
    silenceMaxMs: ordinarySilenceMs,
  })),
  {
    id: 'F38',
    title: 'the VM is ordered back the moment it has arrived',
    modes: both,
    at: 'before',
    strike: async (stage) => {
      await stage.orderToEnd();
      const back = await stage.orderBack();
      stage.say(`back: ${back}`);
    },
    ends: ['SUCCEEDED'],
    home: 'source',
    orders: 2,
    silenceMaxMs: ordinarySilenceMs,
  },
];

/** As promised in docs/adr, and by the lease's figures (scheduler/leader/lease.ts). */
const takeOverMaxMs = 15_000;

async function changeLeader(stage: Stage, how: 'killed' | 'stopped'): Promise<void> {
  const second = await SecondScheduler.start();
  try {
    stage.say(`the second one, asked to act: ${await second.refusal()}`);
    const [before] = await stage.migrations();
    if (before === undefined) throw new Error('there is no migration');
    const own = async (): Promise<Migration | undefined> =>
      (await second.migrations()).find(({ migrationId }) => migrationId === before.migrationId);
    await (how === 'killed' ? stage.kill(stage.scheduler) : stage.stop(stage.scheduler));
    const startedMs = performance.now();
    // The scheduler that takes over raises the epoch before it does anything else.
    await until('the second scheduler leads', 30_000, own, (seen) => (seen?.epoch ?? 0) > before.epoch);
    const tookMs = performance.now() - startedMs;
    stage.say(`the second one leads ${seconds(tookMs)} after the first was ${how}`);
    if (tookMs > takeOverMaxMs) throw new Error(`a new leader took ${seconds(tookMs)}`);
    await stage.releaseCopy();
    await until('the second scheduler ends the migration', 60_000, own, (seen) => (seen?.endedAtMs ?? 0) > 0);
    await stage.wake(stage.scheduler);
    await stage.pause(3_000);
  } finally {
    await second.stop();
  }
}

export const guestCasesAll: readonly FaultCase[] = [
  ...qemuCases,
  ...guestCases,
  ...targetCases,
  ...peopleCases,
];
