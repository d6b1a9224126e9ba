// Encodes points in InfluxDB's line protocol (https://docs.influxdata.com/influxdb/v1.6/write_protocols/line_protocol_reference/).
import { SCHEMA, type FieldKind, type Measurement, type Point } from './schema.ts';

interface Layout {
  readonly tags: readonly string[];
  readonly fields: readonly (readonly [name: string, kind: FieldKind])[];
}

// InfluxDB sorts the tags of each point by name unless they come sorted.
const LAYOUTS: ReadonlyMap<string, Layout> = new Map(
  Object.entries(SCHEMA).map(([measurement, { tags, fields }]): [string, Layout] => [
    measurement,
    { tags: [...tags].sort(), fields: Object.entries(fields) },
  ]),
);

// int64 ends at 2^63 - 1; the largest double below it is this.
const INTEGER_MAX = 2 ** 63 - 1024;

/** The lines of all points that have a field, and their number. */
export interface Lines {
  readonly text: string;
  readonly count: number;
}

export function encodeLines(points: readonly Point[]): Lines {
  const lines = points.map(encodeLine).filter((line) => line !== undefined);
  return { text: lines.join('\n'), count: lines.length };
}

/**
 * One line without a line end. Its timestamp is in milliseconds, so a point written twice is still one point.
 * Fields that are absent, NaN or infinite are left out; undefined when none is left, since InfluxDB refuses such a point.
 */
export function encodeLine(point: Point): string | undefined {
  const layout = layoutOf(point.measurement);
  const fieldValues: Readonly<Record<string, unknown>> = point.fields;
  let fields = '';
  for (const [name, kind] of layout.fields) {
    const value = fieldText(fieldValues[name], kind);
    if (value !== undefined) fields += `${fields === '' ? '' : ','}${name}=${value}`;
  }
  if (fields === '') return undefined;
  const tagValues: Readonly<Record<string, string | undefined>> = point.tags;
  let key: string = point.measurement;
  for (const name of layout.tags) {
    const value = tagValues[name];
    if (value !== undefined && value !== '') key += `,${name}=${escapeTag(value)}`;
  }
  return `${key} ${fields} ${String(Math.trunc(point.atMs))}`;
}

function layoutOf(measurement: Measurement): Layout {
  const layout = LAYOUTS.get(measurement);
  if (layout === undefined) throw new Error(`no such measurement: ${measurement}`);
  return layout;
}

function fieldText(value: unknown, kind: FieldKind): string | undefined {
  if (typeof value === 'number') return numberText(value, kind);
  // A line end inside a text is allowed, but with one line for each point a batch is easy to split.
  if (typeof value === 'string') return `"${value.replace(CONTROL, ' ').replace(/["\\]/g, '\\$&')}"`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return undefined;
}

function numberText(value: number, kind: FieldKind): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  if (kind === 'gauge') return String(value);
  if (Math.abs(value) > INTEGER_MAX) return undefined;
  const whole = Math.trunc(value);
  // Beyond 2^53 String() may print rounded digits; BigInt prints the double exactly.
  return `${Number.isSafeInteger(whole) ? String(whole) : BigInt(whole).toString()}i`;
}

/**
 * A text as a tag value of InfluxDB 1.x, which cannot hold two things: a line end, which becomes a space like all control
 * characters, and a backslash right before a comma, an equals sign, a space or the end, where it would escape what
 * follows; it becomes "/". libvirt allows no "/" in the name of a VM, so no two VMs become one.
 */
export function tagValue(text: string): string {
  return text.replace(CONTROL, ' ').replace(ESCAPING, (backslashes) => '/'.repeat(backslashes.length));
}

const CONTROL = /[\u0000-\u001f\u007f]/g;
const ESCAPING = /\\+(?=[,= ]|$)/g;
const NEEDS_CARE = /[\u0000-\u001f\u007f\\,= ]/;

function escapeTag(text: string): string {
  return NEEDS_CARE.test(text) ? tagValue(text).replace(/[,= ]/g, '\\$&') : text;
}
