// Computes the power of a host: watts at evenly spaced CPU loads, linear between them.

/** SPECpower results of the two servers of Beloglazov and Buyya (2012), at 0, 10 .. 100 % load. */
export const G4_WATTS = [86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117];
export const G5_WATTS = [93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135];

/**
 * Watts at a load ratio; beyond full load it does not rise. The order of the operations is CloudSim's
 * (PowerModelSpecPower): where the power of two hosts grows by the same amount, its choice depends on the last bit.
 */
export function wattsAt(table: readonly number[], loadRatio: number): number {
  const ratio = Math.min(1, Math.max(0, loadRatio));
  const pieces = table.length - 1;
  const below = Math.floor(ratio * pieces);
  const low = table[below] ?? 0;
  const high = table[Math.ceil(ratio * pieces)] ?? low;
  const perPercent = (high - low) / (100 / pieces);
  return low + perPercent * (ratio - below / pieces) * 100;
}

export function joulesToKwh(joules: number): number {
  return joules / 3_600_000;
}
