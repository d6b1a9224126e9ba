// Reads what libvirt knows of its host: versions, capacity, CPU models.
import type { WaitOptions } from '../../shared/clock.ts';
import type { Connection } from './connection.ts';
import { CpuComparison, knownValue } from './constants.ts';
import type { ProcedureName } from './procedures.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

export interface NodeInfo {
  /** Architecture: x86_64. */
  readonly model: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly mhz: number;
  readonly nodes: number;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

/** Since boot, summed over all CPUs. libvirt does not report steal; /proc/stat does. */
export interface NodeCpuStats {
  readonly kernelMs?: number;
  readonly userMs?: number;
  readonly idleMs?: number;
  readonly iowaitMs?: number;
}

/** libvirt does not report MemAvailable; /proc/meminfo does. */
export interface NodeMemoryStats {
  readonly totalBytes?: number;
  readonly freeBytes?: number;
  readonly buffersBytes?: number;
  readonly cachedBytes?: number;
}

/** The kind of machine that a CPU query is about; absent fields mean the host's default. */
export interface MachineChoice {
  readonly emulator?: string;
  readonly arch?: string;
  readonly machine?: string;
  /** kvm, qemu */
  readonly virtType?: string;
}

/** REMOTE_NODE_CPU_STATS_MAX and REMOTE_NODE_MEMORY_STATS_MAX */
const NODE_STATS_MAX = 16;
/** char model[32] */
const MODEL_CHARS = 32;
const ALL = -1;
const KIB = 1024;
const NS_PER_MS = 1_000_000;

const noArgs = (): void => undefined;
const readString = (reader: XdrReader): string => reader.string();
const readNumber = (reader: XdrReader): number => reader.uhyper();

/** The driver: QEMU, TEST. */
export function getType(connection: Connection, wait: WaitOptions): Promise<string> {
  return connection.call('connectGetType', noArgs, readString, wait);
}

/** The hypervisor's version, major·10⁶ + minor·10³ + micro: QEMU 7.2.22 is 7002022. */
export function getVersion(connection: Connection, wait: WaitOptions): Promise<number> {
  return connection.call('connectGetVersion', noArgs, readNumber, wait);
}

/** libvirt's version, in the same form. */
export function getLibVersion(connection: Connection, wait: WaitOptions): Promise<number> {
  return connection.call('connectGetLibVersion', noArgs, readNumber, wait);
}

export function getHostname(connection: Connection, wait: WaitOptions): Promise<string> {
  return connection.call('connectGetHostname', noArgs, readString, wait);
}

export function getUri(connection: Connection, wait: WaitOptions): Promise<string> {
  return connection.call('connectGetUri', noArgs, readString, wait);
}

/** As XML; includes the host's uuid. */
export function getCapabilities(connection: Connection, wait: WaitOptions): Promise<string> {
  return connection.call('connectGetCapabilities', noArgs, readString, wait);
}

/** Capabilities of one kind of machine on this host, as XML: CPU modes and models, machine types, devices. */
export function getDomainCapabilities(
  connection: Connection,
  machine: MachineChoice,
  wait: WaitOptions,
): Promise<string> {
  return connection.call(
    'connectGetDomainCapabilities',
    (writer) => writeMachine(writer, machine).uint(0),
    readString,
    wait,
  );
}

function writeMachine(writer: XdrWriter, machine: MachineChoice): XdrWriter {
  return writer
    .optionalString(machine.emulator)
    .optionalString(machine.arch)
    .optionalString(machine.machine)
    .optionalString(machine.virtType);
}

/** `feature`: Feature. */
export function supportsFeature(
  connection: Connection,
  feature: number,
  wait: WaitOptions,
): Promise<boolean> {
  return connection.call(
    'connectSupportsFeature',
    (writer) => writer.int(feature),
    (reader) => reader.bool(),
    wait,
  );
}

/** The machine's own numbers, even inside a container that may use less. */
export function getNodeInfo(connection: Connection, wait: WaitOptions): Promise<NodeInfo> {
  return connection.call(
    'nodeGetInfo',
    noArgs,
    (reader) => ({
      model: reader.fixedChars(MODEL_CHARS),
      memoryBytes: reader.uhyper() * KIB,
      cpus: reader.int(),
      mhz: reader.int(),
      nodes: reader.int(),
      sockets: reader.int(),
      cores: reader.int(),
      threads: reader.int(),
    }),
    wait,
  );
}

export function getFreeMemoryBytes(connection: Connection, wait: WaitOptions): Promise<number> {
  return connection.call('nodeGetFreeMemory', noArgs, readNumber, wait);
}

export async function getCpuStats(connection: Connection, wait: WaitOptions): Promise<NodeCpuStats> {
  const values = await getNodeStats(connection, 'nodeGetCpuStats', (count) => [ALL, count], wait);
  return pick(values, 1 / NS_PER_MS, {
    kernelMs: 'kernel',
    userMs: 'user',
    idleMs: 'idle',
    iowaitMs: 'iowait',
  });
}

export async function getMemoryStats(connection: Connection, wait: WaitOptions): Promise<NodeMemoryStats> {
  const values = await getNodeStats(connection, 'nodeGetMemoryStats', (count) => [count, ALL], wait);
  return pick(values, KIB, {
    totalBytes: 'total',
    freeBytes: 'free',
    buffersBytes: 'buffers',
    cachedBytes: 'cached',
  });
}

/** The daemon must be given the exact number of values, so a first call asks for it. */
async function getNodeStats(
  connection: Connection,
  name: ProcedureName,
  args: (count: number) => readonly [number, number],
  wait: WaitOptions,
): Promise<ReadonlyMap<string, number>> {
  const ask = (count: number): Promise<{ values: Map<string, number>; count: number }> => {
    const [first, second] = args(count);
    return connection.call(
      name,
      (writer) => writer.int(first).int(second).uint(0),
      (reader) => ({ values: readFields(reader), count: reader.int() }),
      wait,
    );
  };
  const { count } = await ask(0);
  return (await ask(count)).values;
}

function readFields(reader: XdrReader): Map<string, number> {
  return new Map(
    reader.array(NODE_STATS_MAX, (): [string, number] => [reader.string(), reader.uhyperAsDouble()]),
  );
}

function pick<K extends string>(
  values: ReadonlyMap<string, number>,
  scale: number,
  names: Readonly<Record<K, string>>,
): { [P in K]?: number } {
  const picked: { [P in K]?: number } = {};
  for (const key in names) {
    const value = values.get(names[key]);
    if (value !== undefined) {
      picked[key] = value * scale;
    }
  }
  return picked;
}

/** Compares the CPU of `xml` with the host's. `flags`: CompareCpuFlag. For guests use compareHypervisorCpu. */
export function compareCpu(
  connection: Connection,
  xml: string,
  flags: number,
  wait: WaitOptions,
): Promise<CpuComparison> {
  return connection.call(
    'connectCompareCpu',
    (writer) => writer.string(xml).uint(flags),
    readComparison,
    wait,
  );
}

/** Compares the CPU of `cpuXml` with what this host can give a guest. `flags`: CompareCpuFlag. */
export function compareHypervisorCpu(
  connection: Connection,
  question: MachineChoice & { readonly cpuXml: string; readonly flags: number },
  wait: WaitOptions,
): Promise<CpuComparison> {
  return connection.call(
    'connectCompareHypervisorCpu',
    (writer) => writeMachine(writer, question).string(question.cpuXml).uint(question.flags),
    readComparison,
    wait,
  );
}

function readComparison(reader: XdrReader): CpuComparison {
  return knownValue(CpuComparison, reader.int()) ?? CpuComparison.error;
}

/** The CPU, as XML, that all of `cpuXmls` (host CPUs from capabilities) support. `flags`: BaselineCpuFlag. */
export function baselineCpu(
  connection: Connection,
  cpuXmls: readonly string[],
  flags: number,
  wait: WaitOptions,
): Promise<string> {
  return connection.call(
    'connectBaselineCpu',
    (writer) => writer.array(cpuXmls, (item, xml) => item.string(xml)).uint(flags),
    readString,
    wait,
  );
}

/** The same for the CPUs that hypervisors give guests (`host-model` of domain capabilities). `flags`: BaselineCpuFlag. */
export function baselineHypervisorCpu(
  connection: Connection,
  question: MachineChoice & { readonly cpuXmls: readonly string[]; readonly flags: number },
  wait: WaitOptions,
): Promise<string> {
  return connection.call(
    'connectBaselineHypervisorCpu',
    (writer) =>
      writeMachine(writer, question)
        .array(question.cpuXmls, (item, xml) => item.string(xml))
        .uint(question.flags),
    readString,
    wait,
  );
}
