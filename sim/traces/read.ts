// Reads a folder of traces, whose kind follows from its files. Anything that docs/TRACES.md does not allow is refused by line.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** One VM of a PlanetLab day. */
export interface PlanetLabVm {
  readonly name: string;
  /** Share of the VM's CPU at each sample. */
  readonly shares: Float64Array;
}

/** One VM of a Bitbrains day. */
export interface BitbrainsVm {
  readonly name: string;
  readonly cores: number;
  readonly capacityMhz: number;
  readonly memoryMb: number;
  readonly usedMhz: Float64Array;
  readonly usedMb: Float64Array;
}

export type TraceDay =
  | { readonly kind: 'planetlab'; readonly day: string; readonly vms: readonly PlanetLabVm[] }
  | { readonly kind: 'bitbrains'; readonly day: string; readonly vms: readonly BitbrainsVm[] };

/** Samples of a day, one every 300 s. */
export const DAY_SAMPLES = 288;
const BITBRAINS_FILES = ['cpu-mhz.csv', 'mem-mb.csv', 'meta.csv'] as const;

/** The days of a folder in the order of their names. */
export function readTraces(dir: string): TraceDay[] {
  const names = namesIn(dir);
  const parts = BITBRAINS_FILES.filter((name) => names.includes(name));
  if (parts.length === BITBRAINS_FILES.length) return readBitbrains(dir);
  if (parts.length > 0)
    throw new Error(
      `read traces in ${dir}: ${BITBRAINS_FILES.filter((name) => !names.includes(name)).join(' and ')} is missing`,
    );
  const days = names.filter((name) => name.endsWith('.csv')).sort();
  if (days.length === 0)
    throw new Error(
      `read traces in ${dir}: no .csv file; give a folder of PlanetLab days or one with ${BITBRAINS_FILES.join(', ')}`,
    );
  return days.map((name) => readPlanetLabDay(join(dir, name)));
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (cause) {
    throw new Error(`read traces in ${dir}: cannot read the folder; name another one with --dir`, { cause });
  }
}

/** A line: the VM's name, then 288 whole percents. */
function readPlanetLabDay(path: string): TraceDay {
  const vms = rowsOf(path).map(({ place, name, values }): PlanetLabVm => {
    if (values.length !== DAY_SAMPLES)
      throw new Error(`${place}: ${values.length} samples instead of ${DAY_SAMPLES}`);
    const shares = numbers(place, values, (percent) => Number.isInteger(percent) && percent <= 100);
    return { name, shares: shares.map((percent) => percent / 100) };
  });
  return { kind: 'planetlab', day: basename(path, '.csv'), vms };
}

interface Row {
  /** File and line, for errors. */
  readonly place: string;
  readonly name: string;
  readonly values: readonly string[];
}

function rowsOf(path: string): Row[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  const seen = new Set<string>();
  return lines.map((line, index) => {
    const place = `${path}:${index + 1}`;
    const [name = '', ...values] = line.split(',');
    if (name === '') throw new Error(`${place}: the line has no VM name`);
    if (seen.has(name)) throw new Error(`${place}: VM ${name} has a line already`);
    seen.add(name);
    return { place, name, values };
  });
}

function numbers(place: string, texts: readonly string[], isRight: (value: number) => boolean): Float64Array {
  return Float64Array.from(texts, (text, index) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!(value >= 0 && Number.isFinite(value)) || !isRight(value))
      throw new Error(`${place}: value ${index + 1} is "${text}", which is not a valid figure`);
    return value;
  });
}

const META_HEADER = 'vm,cores,cpu_capacity_mhz,mem_capacity_mb';

function readBitbrains(dir: string): TraceDay[] {
  const [meta, cpu, memory] = ['meta.csv', 'cpu-mhz.csv', 'mem-mb.csv'].map((name) =>
    rowsOf(join(dir, name)),
  );
  const [header, ...machines] = meta ?? [];
  if (header === undefined || ![header.name, ...header.values].join(',').startsWith(META_HEADER))
    throw new Error(`${join(dir, 'meta.csv')}:1: the header does not begin with ${META_HEADER}`);
  const mhz = byName(cpu ?? []);
  const megabytes = byName(memory ?? []);
  const whole = machines.map((row) => bitbrainsVm(row, mhz, megabytes));
  const samples = whole[0]?.usedMhz.length ?? 0;
  const odd = whole.find(({ usedMhz, usedMb }) => usedMhz.length !== samples || usedMb.length !== samples);
  if (odd !== undefined || samples === 0 || samples % DAY_SAMPLES !== 0)
    throw new Error(
      `read traces in ${dir}: VM ${odd?.name ?? '(all)'}: samples must be the same whole days of ${DAY_SAMPLES} in both files`,
    );
  return Array.from({ length: samples / DAY_SAMPLES }, (_, index) => ({
    kind: 'bitbrains',
    day: `day${index + 1}`,
    vms: whole.map((vm) => dayOf(vm, index)),
  }));
}

function byName(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.name, row]));
}

function bitbrainsVm(
  { place, name, values }: Row,
  mhz: ReadonlyMap<string, Row>,
  megabytes: ReadonlyMap<string, Row>,
): BitbrainsVm {
  const any = (): boolean => true;
  const [cores = 0, capacityMhz = 0, memoryMb = 0] = numbers(place, values.slice(0, 3), any);
  const [cpuRow, memoryRow] = [mhz.get(name), megabytes.get(name)];
  if (cpuRow === undefined || memoryRow === undefined)
    throw new Error(
      `${place}: VM ${name} has no line in ${cpuRow === undefined ? 'cpu-mhz.csv' : 'mem-mb.csv'}`,
    );
  return {
    name,
    cores,
    capacityMhz,
    memoryMb,
    usedMhz: numbers(cpuRow.place, cpuRow.values, any),
    usedMb: numbers(memoryRow.place, memoryRow.values, any),
  };
}

function dayOf(vm: BitbrainsVm, index: number): BitbrainsVm {
  const [from, to] = [index * DAY_SAMPLES, (index + 1) * DAY_SAMPLES];
  return { ...vm, usedMhz: vm.usedMhz.slice(from, to), usedMb: vm.usedMb.slice(from, to) };
}
