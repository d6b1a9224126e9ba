// Turns the specification of a new VM, from options or a file, into the request to the scheduler.
import type { DiskSpecInput, NicSpecInput } from '../../shared/gen/agent.ts';
import type { SchedulerServiceCreateVmRequestInput } from '../../shared/gen/scheduler.ts';
import type { VmMetadataInput } from '../../shared/gen/telemetry.ts';
import { formatBytes, HOUR_MS, MIB, parseBytes } from '../../shared/units.ts';
import { badValue } from '../failure.ts';

/** A value as written, and its place: "--memory" or "web.yaml: memory". */
export interface Written {
  readonly where: string;
  readonly text: string;
}

/** A disk or network card as written: "pool=shared,size=20G". */
export interface WrittenParts {
  readonly where: string;
  readonly parts: Readonly<Record<string, string>>;
}

export const TEXT_KEYS = [
  'name',
  'vcpus',
  'memory',
  'iso',
  'firmware',
  'os',
  'owner',
  'purpose',
  'expires',
  'downtimeMaxMs',
  'host',
] as const;
export const FLAG_KEYS = ['neverMove', 'postCopy', 'headless', 'start', 'makeRoom'] as const;

/** Everything as text, unchecked. */
export interface WrittenSpec {
  readonly texts: Readonly<Partial<Record<(typeof TEXT_KEYS)[number], Written>>>;
  readonly flags: Readonly<Partial<Record<(typeof FLAG_KEYS)[number], boolean>>>;
  readonly disks: readonly WrittenParts[];
  readonly nics: readonly WrittenParts[];
}

/** `over` wins, value by value; its disks or network cards replace all those of `under`. */
export function overlay(under: WrittenSpec, over: WrittenSpec): WrittenSpec {
  return {
    texts: { ...under.texts, ...over.texts },
    flags: { ...under.flags, ...over.flags },
    disks: over.disks.length > 0 ? over.disks : under.disks,
    nics: over.nics.length > 0 ? over.nics : under.nics,
  };
}

/** Checks all that can be checked without the cluster. An error names the place of the bad value and a good example. */
export function toCreateRequest(spec: WrittenSpec, nowMs: number): SchedulerServiceCreateVmRequestInput {
  const { texts, flags } = spec;
  return {
    host: texts.host?.text ?? '',
    start: flags.start ?? true,
    makeRoom: flags.makeRoom ?? false,
    spec: {
      name: vmName(required(texts.name, 'NAME', 'the name of the VM, for example: evenkeel vm create web1')),
      vcpus: wholeNumber(required(texts.vcpus, '--vcpus', 'how many vCPUs, for example --vcpus 2'), 1, 4_096),
      memoryBytes: memoryBytes(required(texts.memory, '--memory', 'a size, for example --memory 2G')),
      disks: spec.disks.map(disk),
      nics: spec.nics.map(nic),
      iso: texts.iso?.text ?? '',
      firmware: oneOf(
        texts.firmware,
        { bios: 'FIRMWARE_BIOS', uefi: 'FIRMWARE_UEFI' },
        'FIRMWARE_UNSPECIFIED',
      ),
      osFamily: oneOf(
        texts.os,
        { linux: 'OS_FAMILY_LINUX', windows: 'OS_FAMILY_WINDOWS', other: 'OS_FAMILY_OTHER' },
        'OS_FAMILY_UNSPECIFIED',
      ),
      headless: flags.headless ?? false,
      metadata: metadataOf(spec, nowMs),
    },
  };
}

function metadataOf({ texts, flags }: WrittenSpec, nowMs: number): VmMetadataInput {
  return {
    owner: texts.owner?.text ?? '',
    purpose: texts.purpose?.text ?? '',
    expiresAtMs: texts.expires === undefined ? 0 : expiryAtMs(texts.expires, nowMs),
    rules: {
      neverMove: flags.neverMove ?? false,
      postCopy: flags.postCopy ?? false,
      // A guest that tolerates a pause of more than a minute can as well be shut down and started elsewhere.
      downtimeMaxMs: texts.downtimeMaxMs === undefined ? 0 : wholeNumber(texts.downtimeMaxMs, 1, 60_000),
    },
  };
}

/** Splits "pool=shared,size=20G"; an error names the option. */
export function parseParts(where: string, text: string): WrittenParts {
  const parts: Record<string, string> = {};
  for (const piece of text.split(',')) {
    const at = piece.indexOf('=');
    const key = piece.slice(0, at).trim();
    if (at < 1 || piece.length === at + 1)
      throw badValue(`${where} "${text}"`, `"${piece}" is not KEY=VALUE; separate pairs by commas`);
    if (key in parts) throw badValue(`${where} "${text}"`, `${key} is given twice`);
    parts[key] = piece.slice(at + 1).trim();
  }
  return { where: `${where} "${text}"`, parts };
}

function required(written: Written | undefined, option: string, example: string): Written {
  if (written === undefined) throw badValue(option, `is missing; give ${example}`);
  return written;
}

function bad({ where, text }: Written, problem: string): Error {
  return badValue(`${where} "${text}"`, problem);
}

// The contract's rule for names (VmSpec.name): they become file and domain names.
function vmName(written: Written): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(written.text)) return written.text;
  throw bad(
    written,
    'must begin with a letter or digit and hold only letters, digits, ".", "_" and "-", at most 63 of them',
  );
}

function wholeNumber(written: Written, min: number, max: number): number {
  const value = Number(written.text);
  if (/^\d+$/.test(written.text) && value >= min && value <= max) return value;
  throw bad(written, `must be a whole number from ${min} to ${max}`);
}

function sizeBytes(written: Written, example: string): number {
  const value = parseBytes(written.text);
  if (value === undefined)
    throw bad(written, `must be a size above 0 with K, M, G or T, for example ${example}`);
  // "2048" would be bytes, which is surely not what was meant.
  if (value < MIB) throw bad(written, `is only ${formatBytes(value)}; give a unit, for example ${example}`);
  return value;
}

function memoryBytes(written: Written): number {
  return sizeBytes(written, '2G or 512M');
}

function oneOf<Value>(
  written: Written | undefined,
  values: Readonly<Record<string, Value>>,
  unset: Value,
): Value {
  if (written === undefined) return unset;
  const value = values[written.text.toLowerCase()];
  if (value === undefined) throw bad(written, `must be one of ${Object.keys(values).join(', ')}`);
  return value;
}

function onlyKeys({ where, parts }: WrittenParts, allowed: readonly string[]): void {
  const unknown = Object.keys(parts).find((key) => !allowed.includes(key));
  if (unknown !== undefined)
    throw badValue(where, `"${unknown}" is not known here; use ${allowed.join(', ')}`);
}

function disk(written: WrittenParts): DiskSpecInput {
  const { where, parts } = written;
  onlyKeys(written, ['pool', 'size', 'clone', 'volume', 'shareable']);
  const { pool, size, clone, volume, shareable } = parts;
  if (pool === undefined)
    throw badValue(
      where,
      'pool is missing; for example pool=shared,size=20G (pools of a host: evenkeel hosts --json)',
    );
  const newBytes = size === undefined ? undefined : sizeBytes({ where: `${where}: size`, text: size }, '20G');
  if (clone !== undefined && volume !== undefined)
    throw badValue(where, 'clone makes a copy, volume uses the volume itself; give one of them');
  if (volume !== undefined) {
    if (newBytes !== undefined) throw badValue(where, 'an existing volume keeps its size; leave size out');
    if (shareable !== undefined && shareable !== 'yes') throw badValue(where, 'shareable can only be yes');
    return { pool, existing: volume, shareable: shareable === 'yes' };
  }
  if (shareable !== undefined) throw badValue(where, 'shareable is for volume=NAME only');
  if (clone !== undefined) return { pool, cloneOf: clone, sizeBytes: newBytes ?? 0 };
  if (newBytes === undefined)
    throw badValue(
      where,
      'give size=20G for an empty disk, clone=IMAGE for a copy, or volume=NAME for an existing volume',
    );
  return { pool, newBytes };
}

function nic(written: WrittenParts): NicSpecInput {
  const { where, parts } = written;
  onlyKeys(written, ['bridge', 'network', 'macvtap', 'portgroup', 'vlan', 'mac']);
  const { bridge, network, macvtap, portgroup = '', vlan, mac = '' } = parts;
  const [attach, ...more] = [
    ...(bridge === undefined ? [] : [{ bridge }]),
    ...(network === undefined ? [] : [{ network }]),
    ...(macvtap === undefined ? [] : [{ macvtap }]),
  ];
  if (attach === undefined || more.length > 0)
    throw badValue(
      where,
      'give one of bridge=NAME, network=NAME and macvtap=INTERFACE, for example bridge=br0',
    );
  if (portgroup !== '' && network === undefined) throw badValue(where, 'portgroup is for network=NAME only');
  if (vlan !== undefined && bridge === undefined)
    throw badValue(where, 'vlan is for bridge=NAME only; a network has portgroups');
  if (mac !== '') checkMac({ where: `${where}: mac`, text: mac });
  return {
    ...attach,
    portgroup,
    vlan: vlan === undefined ? 0 : wholeNumber({ where: `${where}: vlan`, text: vlan }, 1, VLAN_MAX),
    mac: mac.toLowerCase(),
  };
}

// IEEE 802.1Q keeps 4095 for itself.
const VLAN_MAX = 4_094;

function checkMac(written: Written): void {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(written.text))
    throw bad(written, 'must be six bytes in hex, for example 52:54:00:12:34:56');
  // IEEE 802: the lowest bit of the first byte marks a group address, which no card may have.
  if (Number.parseInt(written.text.slice(0, 2), 16) % 2 === 1)
    throw bad(written, 'is a multicast address; the first byte must be even, for example 52:54:00:12:34:56');
}

const DAY_MS = 24 * HOUR_MS;

/** A date means the end of that day; "30d" or "12h" count from now. */
function expiryAtMs(written: Written, nowMs: number): number {
  const span = /^(\d{1,5})([dh])$/.exec(written.text);
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(written.text);
  const atMs =
    span !== null
      ? nowMs + Number(span[1]) * (span[2] === 'd' ? DAY_MS : HOUR_MS)
      : day !== null
        ? endOfDayMs(Number(day[1]), Number(day[2]), Number(day[3]))
        : /^\d{4}-\d{2}-\d{2}T/.test(written.text)
          ? Date.parse(written.text)
          : NaN;
  if (Number.isNaN(atMs))
    throw bad(
      written,
      'must be a day like 2031-05-30, a time like 2031-05-30T18:00, or a span like 30d or 12h',
    );
  if (atMs <= nowMs) throw bad(written, 'is in the past');
  return atMs;
}

function endOfDayMs(year: number, month: number, day: number): number {
  const end = new Date(year, month - 1, day, 23, 59, 59, 999);
  // Date turns February 30 into March 2.
  return end.getMonth() === month - 1 && end.getDate() === day ? end.getTime() : NaN;
}
