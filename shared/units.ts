// Defines units and converts sizes at the edges: inside evenkeel there are only bytes, milliseconds, ratios and cores.

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;

const SUFFIX_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: KIB,
  M: MIB,
  G: GIB,
  T: 1024 * GIB,
};

/** Parses "512M", "20GiB" or plain bytes, with powers of 1024; undefined unless it is a size above 0. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const factor = SUFFIX_BYTES[match?.[2]?.toUpperCase() ?? 'none'];
  if (match?.[1] === undefined || factor === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** "1.5 GiB": at most three significant digits, in the largest unit that keeps the number at or above 1. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] ?? 'B'}`;
}
