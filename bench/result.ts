// Defines the result of a bench: figures against their goals, the raw figures, and the machine they come from.
import { cpus, totalmem } from 'node:os';

export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** In words and figures, for example "at least 0.9". */
  readonly goal: string;
  readonly ok: boolean;
}

export interface BenchResult {
  readonly bench: string;
  readonly ok: boolean;
  readonly goals: readonly Goal[];
  readonly raw: Readonly<Record<string, unknown>>;
  readonly machine: Readonly<Record<string, unknown>>;
}

export function atLeast(name: string, value: number, unit: string, limit: number): Goal {
  return { name, value, unit, goal: `at least ${limit}`, ok: value >= limit };
}

/** @public Goals of the sampler and migration benches. */
export function atMost(name: string, value: number, unit: string, limit: number): Goal {
  return { name, value, unit, goal: `at most ${limit}`, ok: value <= limit };
}

export function result(bench: string, goals: readonly Goal[], raw: BenchResult['raw']): BenchResult {
  return { bench, ok: goals.every((goal) => goal.ok), goals, raw, machine: machine() };
}

function machine(): BenchResult['machine'] {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
  };
}

/** The middle value, or the mean of the two middle values; NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  return (lower + upper) / 2;
}

/** `value` with at least three significant digits, for display. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
