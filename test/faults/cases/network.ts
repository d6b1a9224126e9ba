// Defines faults of the network between hosts, and between the scheduler and the hosts.
import type { FaultCase } from './case.ts';
import type { Cut } from '../parts.ts';
import type { Stage } from '../stage.ts';

const both = ['lock', 'paused'] as const;
const ordinarySilenceMs = 2_500;
/** libvirt's keepalive of 30 s, its own work after it, and a busy machine. */
const keepaliveSilenceMs = 45_000;

/** libvirt's own port, and QEMU's for incoming memory. */
const libvirtPort = '16509,16514';
const memoryPorts = '49152:49215';

/** Both directions between the two hosts: libvirt, memory and agents; the scheduler reaches both. */
function betweenHosts(stage: Stage): Cut[] {
  return [{ at: stage.source, peer: stage.target, direction: 'both' }];
}

async function cutFor(stage: Stage, cuts: readonly Cut[], ms: number): Promise<void> {
  for (const one of cuts) await stage.cut(one);
  await stage.pause(ms);
  await stage.mend();
}

const copyCases: readonly FaultCase[] = [
  {
    id: 'F13',
    variant: '8 s',
    title: 'no packet between the hosts for 8 s while memory is copied',
    modes: both,
    at: 'copying',
    strike: (stage) => cutFor(stage, betweenHosts(stage), 8_000),
    ends: ['SUCCEEDED'],
    home: 'target',
    silenceMaxMs: ordinarySilenceMs,
  },
  {
    id: 'F13',
    variant: '60 s',
    title: 'no packet between the hosts for 60 s while memory is copied',
    modes: both,
    at: 'copying',
    strike: (stage) => cutFor(stage, betweenHosts(stage), 60_000),
    ends: ['FAILED'],
    causes: ['net_lost_copy', 'dst_unreachable'],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
  ...(
    [
      ['source to target', { direction: 'out' }],
      ['target to source', { direction: 'in' }],
      ['libvirt only', { direction: 'both', ports: libvirtPort }],
      ['memory only', { direction: 'both', ports: memoryPorts }],
    ] as const
  ).map(([variant, how]): FaultCase => ({
    id: 'F15',
    variant,
    title: `packets dropped for 45 s while memory is copied: ${variant}`,
    modes: ['lock'],
    at: 'copying',
    strike: (stage) => cutFor(stage, [{ at: stage.source, peer: stage.target, ...how }], 45_000),
    // TCP resends memory packets that were lost; in the other variants libvirt's keepalive ends the migration.
    ends: variant === 'memory only' ? ['SUCCEEDED', 'FAILED', 'ABORTED'] : ['FAILED'],
    home: 'told',
    silenceMaxMs: ordinarySilenceMs,
  })),
  {
    id: 'F17',
    title: 'the link between the hosts carries 10 Mbit/s',
    modes: ['lock'],
    at: 'copying',
    strike: async (stage) => {
      await stage.limitLink('10mbit');
      await stage.releaseCopy();
      await stage.pause(20_000);
      await stage.limitLink(undefined);
    },
    ends: ['SUCCEEDED', 'ABORTED', 'FAILED'],
    causes: ['not_converging', 'timeout'],
    home: 'told',
    silenceMaxMs: ordinarySilenceMs,
    means: 'the rate by a token bucket; delay needs netem, which this kernel has not',
  },
];

const finishCases: readonly FaultCase[] = [
  {
    id: 'F14',
    variant: 'scheduler sees both',
    title: 'the reply of Finish is lost: the link between the hosts is cut, the target starts the guest',
    modes: [...both, 'lease'],
    at: 'finish',
    strike: async (stage) => {
      for (const one of betweenHosts(stage)) await stage.cut(one);
      await stage.wake(stage.libvirtd('target'));
      await stage.pause(50_000);
      await stage.mend();
    },
    ends: ['SUCCEEDED', 'FAILED'],
    home: 'told',
    silenceMaxMs: keepaliveSilenceMs,
  },
  {
    id: 'F14',
    variant: 'target unseen',
    title: 'as before, and the scheduler cannot reach the target either, until the link is back',
    modes: both,
    at: 'finish',
    strike: async (stage) => {
      for (const one of betweenHosts(stage)) await stage.cut(one);
      await stage.cut({ at: stage.target, peer: 'control', direction: 'both' });
      await stage.wake(stage.libvirtd('target'));
      await stage.pause(50_000);
      await stage.mend();
    },
    ends: ['SUCCEEDED', 'FAILED'],
    home: 'told',
  },
];

const schedulerCases: readonly FaultCase[] = (['source', 'target', 'both'] as const).map(
  (side): FaultCase => ({
    id: 'F16',
    variant: side,
    title: `the scheduler and NATS are cut off from ${side === 'both' ? 'both hosts' : `the ${side}`} for 20 s while memory is copied`,
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      const sides = side === 'both' ? (['source', 'target'] as const) : [side];
      for (const one of sides) await stage.cut({ at: stage[one], peer: 'control', direction: 'both' });
      await stage.releaseCopy();
      await stage.pause(20_000);
      await stage.mend();
    },
    ends: ['SUCCEEDED'],
    home: 'target',
    // Without disks: the copy waits, paused, for the scheduler or the target's watchdog.
    silenceMaxMs: 30_000,
  }),
);

const natsCases: readonly FaultCase[] = [
  {
    id: 'F31',
    variant: 'copying',
    title: 'the journal cannot be written: NATS is killed while memory is copied, and back after 15 s',
    modes: both,
    at: 'copying',
    strike: async (stage) => {
      await stage.kill(stage.nats);
      await stage.releaseCopy();
      await stage.pause(15_000);
      await stage.wake(stage.nats);
    },
    ends: ['SUCCEEDED'],
    home: 'target',
    silenceMaxMs: 30_000,
    means: 'the journal is NATS’ own; it is taken away whole, a torn record of it is not made by hand',
  },
  {
    id: 'F31',
    variant: 'before',
    title: 'the journal cannot be written: a migration ordered while NATS is away does not start',
    modes: ['lock'],
    at: 'before',
    strike: async (stage) => {
      await stage.stop(stage.nats);
      const { status, text } = await stage.order();
      stage.say(`ordered without a journal: status ${status}: ${text}`);
      if (status === 0) throw new Error('a migration was accepted that cannot be journalled');
      await stage.wake(stage.nats);
    },
    ends: [],
    home: 'source',
    silenceMaxMs: ordinarySilenceMs,
  },
];

export const networkCases: readonly FaultCase[] = [
  ...copyCases,
  ...finishCases,
  ...schedulerCases,
  ...natsCases,
];
