// Judges what the demo measured (pure).
import { guest } from '../topology.ts';

export interface Measured {
  readonly vm: string;
  readonly from: string;
  readonly to: string;
  /** From the overload to the scheduler's decision. */
  readonly detectMs: number;
  readonly migrationMs: number;
  /** Pause of the guest's CPUs, as measured by QEMU. */
  readonly downtimeMs: number;
  /** Longest silence of the guest's own counter over TCP, from the decision to the end. */
  readonly guestGapMs: number;
  /** The TCP connection lived from before the overload to the end, and no number of the counter was lost. */
  readonly connectionKept: boolean;
  /** Running copies of the VM on all hosts. */
  readonly runningCopies: number;
  /** CPU demand of each host in the end, as a share of its cores. */
  readonly demandRatios: readonly number[];
  /** Share of its CPU demand that each burning guest gets in the end; about 0.5 while the two shared one core. */
  readonly servedRatios: readonly number[];
  readonly samplesPublished: number;
  readonly samplesInInflux: number;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
}

export interface DemoResult extends Measured {
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/**
 * Besides the pause itself, a line may wait for the guest's next tick before and after it, and for the network to learn
 * where the guest is: half a second covers one retransmission and its first doubling (RFC 6298: 200 ms in Linux).
 */
const gapSlackMs = 2 * guest.tickIntervalMs + 500;

/**
 * Two busy guests want 1.2 of a host's one core, one wants 0.6: demand must not exceed any host's CPU. What the guests
 * get is shown but not judged: it falls when the machine under the lab has other work, which is not evenkeel's fault.
 */
export const demandRatioMax = 1;

export function judge(measured: Measured): DemoResult {
  const { vm, from, to } = measured;
  const gapMaxMs = measured.downtimeMs + gapSlackMs;
  const served = percents(measured.servedRatios);
  const checks: Check[] = [
    {
      name: 'one copy',
      ok: measured.runningCopies === 1,
      text: `${vm} runs ${times(measured.runningCopies)}, on ${to}`,
    },
    {
      name: 'another host',
      ok: from !== to && to !== '',
      text: `it moved from ${from} to ${to} in ${seconds(measured.migrationMs)}`,
    },
    {
      name: 'connection',
      ok: measured.connectionKept,
      text: measured.connectionKept
        ? 'its TCP connection survived, and no line was lost'
        : 'its TCP connection broke or lost lines',
    },
    {
      name: 'guest gap',
      ok: measured.guestGapMs <= gapMaxMs,
      text:
        `it paused for ${Math.round(measured.downtimeMs)} ms; seen over TCP it was silent for ` +
        `${Math.round(measured.guestGapMs)} ms at most (limit ${Math.round(gapMaxMs)} ms)`,
    },
    {
      name: 'balance',
      ok: measured.demandRatios.length > 0 && measured.demandRatios.every((ratio) => ratio <= demandRatioMax),
      text: `demand on the hosts is now ${percents(measured.demandRatios)} of their CPU; the busy guests get ${served} of what they want`,
    },
    {
      name: 'samples',
      ok: measured.samplesPublished > 0 && measured.samplesPublished === measured.samplesInInflux,
      text: `${measured.samplesPublished} samples published, ${measured.samplesInInflux} in InfluxDB`,
    },
  ];
  return { ok: checks.every((check) => check.ok), ...measured, checks };
}

function percents(ratios: readonly number[]): string {
  return ratios.map((ratio) => `${Math.round(ratio * 100)} %`).join(', ');
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
