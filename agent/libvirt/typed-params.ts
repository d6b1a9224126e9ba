// Reads and writes virTypedParameter, a named value of one of seven types.
import { LibvirtProtocolError } from './errors.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

const ParamType = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const;

const KIB = 1024;
const MIB = 1_048_576;
const NS_PER_MS = 1_000_000;

/** Unit of a number on the wire. Nanoseconds become milliseconds, KiB and MiB become bytes. */
export type WireUnit = 'count' | 'ns' | 'kib' | 'mib';

export type ParamValue = number | string | boolean;

export interface TypedParam {
  readonly field: string;
  readonly value: ParamValue;
}

/** The field that a numeric parameter is stored in, and its unit on the wire. */
export interface NumberField<K extends string> {
  readonly key: K;
  readonly unit: WireUnit;
}

/** Maps wire names to fields. A Map, so that no name from the wire can reach an object's prototype. */
export function fieldTable<K extends string>(
  fields: Readonly<Record<string, readonly [K, WireUnit]>>,
): ReadonlyMap<string, NumberField<K>> {
  return new Map(Object.entries(fields).map(([name, [key, unit]]) => [name, { key, unit }]));
}

export function readTypedParams(reader: XdrReader, countMax: number): TypedParam[] {
  return reader.array(countMax, () => ({ field: reader.string(), value: readParamValue(reader) }));
}

/** Reads one value. 64-bit values above 2^53 are rounded. */
function readParamValue(reader: XdrReader): ParamValue {
  const type = reader.int();
  switch (type) {
    case ParamType.string:
      return reader.string();
    case ParamType.boolean:
      return reader.bool();
    default:
      return readNumberOfType(reader, type);
  }
}

/** Skips one value. */
export function skipParamValue(reader: XdrReader): void {
  const type = reader.int();
  switch (type) {
    case ParamType.string:
      reader.stringSpan();
      return;
    case ParamType.boolean:
      reader.skip(4);
      return;
    default:
      readNumberOfType(reader, type);
  }
}

/** Reads one value as text; undefined if it is of another type. */
export function readParamString(reader: XdrReader): string | undefined {
  const value = readParamValue(reader);
  return typeof value === 'string' ? value : undefined;
}

/**
 * Reads one value as a number in the project's units; undefined if it is not a number, or a count above 2^53.
 * Not an error, because a guest chooses some of these values (the balloon's) and must not cut off its host's telemetry.
 */
export function readParamNumber(reader: XdrReader, unit: WireUnit): number | undefined {
  const value = readParamValue(reader);
  return typeof value === 'number' ? inUnit(value, unit) : undefined;
}

/** The same conversion for values that were read as a list. */
export function inUnit(value: number, unit: WireUnit): number | undefined {
  if (unit === 'ns') {
    return value / NS_PER_MS;
  }
  const scaled = unit === 'count' ? value : value * (unit === 'kib' ? KIB : MIB);
  return Number.isSafeInteger(scaled) ? scaled : undefined;
}

function readNumberOfType(reader: XdrReader, type: number): number {
  switch (type) {
    case ParamType.int:
      return reader.int();
    case ParamType.uint:
      return reader.uint();
    case ParamType.llong:
      return reader.hyperAsDouble();
    case ParamType.ullong:
      return reader.uhyperAsDouble();
    case ParamType.double:
      return reader.double();
    default:
      // The length of its value is unknown, so nothing after it can be read.
      throw new LibvirtProtocolError(`typed parameter of unknown type ${type}`);
  }
}

/** A parameter to send. libvirt refuses a value of the wrong type, so the type is part of it. */
export type OutgoingParam =
  | { readonly field: string; readonly type: 'string'; readonly value: string }
  | { readonly field: string; readonly type: 'int' | 'ullong'; readonly value: number };

export function writeTypedParams(writer: XdrWriter, params: readonly OutgoingParam[]): void {
  writer.array(params, (_, param) => {
    writer.string(param.field).int(ParamType[param.type]);
    switch (param.type) {
      case 'string':
        writer.string(param.value);
        break;
      case 'int':
        writer.int(param.value);
        break;
      case 'ullong':
        writer.uhyper(param.value);
        break;
    }
  });
}
