// Defines faults of evenkeel's own daemons and of libvirtd: killed, stopped, started again.
import type { FaultCase } from './case.ts';
import type { Stage } from '../stage.ts';

/** Longer than libvirt's keepalive between hosts: 5 s x (5 + 1) (qemu.conf). */
const beyondKeepaliveMs = 40_000;
/** Longest silence of a guest that is not struck itself: a switch-over on this machine, with a margin for its neighbours. */
const ordinarySilenceMs = 2_500;
const both = ['lock', 'paused'] as const;

async function killedFor(stage: Stage, part: Stage['scheduler'], ms: number): Promise<void> {
  await stage.kill(part);
  await stage.pause(ms);
  await stage.wake(part);
}

const agentCases: readonly FaultCase[] = (['source', 'target'] as const).flatMap((side): FaultCase[] => {
  const id = side === 'source' ? 'F2' : 'F3';
  const common = { id, modes: both, silenceMaxMs: ordinarySilenceMs } as const;
  const kill = async (stage: Stage): Promise<void> => killedFor(stage, stage.agent(side), 1_000);
  return [
    {
      ...common,
      variant: 'ordered',
      title: `the agent of the ${side} is killed right after the order`,
      at: 'ordered',
      strike: kill,
      ends: ['SUCCEEDED', 'FAILED'],
      home: 'told',
    },
    {
      ...common,
      variant: 'copying',
      title: `the agent of the ${side} is killed while memory is copied`,
      at: 'copying',
      strike: kill,
      ends: ['SUCCEEDED'],
      home: 'target',
    },
    {
      ...common,
      variant: 'finish',
      title: `the agent of the ${side} is killed while the switch-over is pending`,
      at: 'finish',
      strike: async (stage) => {
        await stage.kill(stage.agent(side));
        await stage.wake(stage.libvirtd('target'));
        await stage.wake(stage.agent(side));
      },
      ends: ['SUCCEEDED'],
      home: 'target',
      silenceMaxMs: 25_000,
    },
  ];
});

const schedulerCases: readonly FaultCase[] = [
  {
    id: 'F4',
    variant: 'ordered',
    title: 'the scheduler is killed right after the order, and started again',
    modes: both,
    at: 'ordered',
    strike: (stage) => killedFor(stage, stage.scheduler, 2_000),
    ends: ['SUCCEEDED', 'FAILED'],
    home: 'told',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F4',
    variant: 'copying',
    title: 'the scheduler is killed while memory is copied, and started again',
    modes: both,
    at: 'copying',
    strike: (stage) => killedFor(stage, stage.scheduler, 3_000),
    ends: ['SUCCEEDED'],
    home: 'target',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F4',
    variant: 'finish',
    title: 'the scheduler is killed while the switch-over is pending; libvirt finishes meanwhile',
    modes: both,
    at: 'finish',
    strike: async (stage) => {
      await stage.kill(stage.scheduler);
      await stage.wake(stage.libvirtd('target'));
      await stage.pause(5_000);
      await stage.wake(stage.scheduler);
    },
    ends: ['SUCCEEDED'],
    home: 'target',
    silenceMaxMs: 30_000,
  },
  ...(['scheduler first', 'scheduler last'] as const).map((order): FaultCase => ({
    id: 'F5',
    variant: order,
    title: `scheduler and both agents are killed while memory is copied; libvirt finishes meanwhile; ${order}`,
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      const agents = [stage.agent('source'), stage.agent('target')];
      await stage.killAndKeepAway([stage.scheduler, ...agents]);
      await stage.releaseCopy();
      await stage.pause(8_000);
      const parts = order === 'scheduler first' ? [stage.scheduler, ...agents] : [...agents, stage.scheduler];
      for (const part of parts) {
        await stage.wake(part);
        await stage.pause(2_000);
      }
    },
    ends: ['SUCCEEDED'],
    home: 'target',
    endsWithinMs: 60_000,
    // Without disks: the copy waits, paused, until an agent is back.
    silenceMaxMs: 40_000,
  })),
  {
    id: 'F6',
    title: 'an operator aborts the migration while memory is copied',
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      const [migration] = await stage.migrations();
      await stage.abort(migration?.migrationId ?? '');
    },
    ends: ['ABORTED'],
    causes: ['user_abort'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
    means: 'the agent speaks libvirt’s protocol itself, so there is no virsh to signal; its own death is F2',
  },
];

const libvirtdCases: readonly FaultCase[] = [
  {
    id: 'F7',
    title: 'libvirtd of the source is killed while memory is copied; systemd starts it again',
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      await stage.kill(stage.libvirtd('source'));
    },
    ends: ['FAILED'],
    causes: ['src_daemon_lost'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F8',
    title: 'libvirtd of the source is killed while the switch-over is pending; the target finishes',
    modes: [...both, 'lease'],
    at: 'finish',
    strike: async (stage) => {
      await stage.kill(stage.libvirtd('source'));
      await stage.wake(stage.libvirtd('target'));
    },
    ends: ['SUCCEEDED', 'FAILED'],
    causes: ['src_daemon_lost', 'net_lost_finish'],
    home: 'told',
  },
  {
    id: 'F9',
    title: 'libvirtd of the target is killed while memory is copied; systemd starts it again',
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      await stage.kill(stage.libvirtd('target'));
    },
    ends: ['FAILED'],
    // Seen from the source, a libvirtd that is gone and a connection that is gone are one thing.
    causes: ['net_lost_copy'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F10',
    variant: 'before the start',
    title: 'libvirtd of the target is killed in the switch-over, before it started the guest',
    modes: both,
    at: 'finish',
    strike: async (stage) => {
      await stage.kill(stage.libvirtd('target'));
    },
    ends: ['FAILED', 'SUCCEEDED'],
    home: 'told',
  },
  {
    id: 'F10',
    variant: 'after the start',
    title: 'libvirtd of the target is killed as soon as the guest runs there',
    modes: ['lock'],
    at: 'finish',
    strike: async (stage) => {
      await stage.wake(stage.libvirtd('target'));
      await stage.runsOn('target');
      await stage.kill(stage.libvirtd('target'));
    },
    ends: ['FAILED', 'SUCCEEDED'],
    home: 'told',
  },
  {
    id: 'F11',
    title: 'libvirtd of the target hangs while memory is copied, longer than the keepalive',
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      await stage.stop(stage.libvirtd('target'));
      await stage.pause(beyondKeepaliveMs);
      await stage.wake(stage.libvirtd('target'));
    },
    ends: ['FAILED'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F12',
    title: 'libvirtd of the target hangs in the switch-over, longer than the keepalive, and wakes',
    modes: [...both, 'lease'],
    at: 'finish',
    strike: async (stage) => {
      await stage.pause(beyondKeepaliveMs);
      await stage.wake(stage.libvirtd('target'));
    },
    ends: ['FAILED', 'SUCCEEDED'],
    home: 'told',
  },
  {
    id: 'F37',
    title: 'libvirtd and the agent of a host with a guest start again, with no memory of it',
    modes: both,
    at: 'before',
    strike: async (stage) => {
      await stage.kill(stage.libvirtd('source'));
      await stage.kill(stage.agent('source'));
      await stage.pause(5_000);
      await stage.wake(stage.libvirtd('source'));
      await stage.wake(stage.agent('source'));
    },
    ends: [],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F44',
    title: 'libvirtd of the source hangs for 40 s while memory is copied',
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      await stage.stop(stage.libvirtd('source'));
      await stage.pause(beyondKeepaliveMs);
      await stage.wake(stage.libvirtd('source'));
    },
    ends: ['FAILED'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F45',
    title: 'the agent of the target is killed while the copy is paused there, not yet resumed',
    modes: ['paused'],
    at: 'finish',
    strike: async (stage) => {
      // Kept away, so that libvirt finishes its part while no agent can resume the copy.
      await stage.killAndKeepAway([stage.agent('target')]);
      await stage.wake(stage.libvirtd('target'));
      await stage.pause(8_000);
      await stage.wake(stage.agent('target'));
    },
    ends: ['SUCCEEDED'],
    home: 'target',
    silenceMaxMs: 40_000,
  },
];

export const daemonCases: readonly FaultCase[] = [...agentCases, ...schedulerCases, ...libvirtdCases];
