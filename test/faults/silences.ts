// Judges how long a guest was silent in migrations, by what plain virsh costs it on the same machine.

/** A copy that arrives paused is resumed by one call more. */
const allowanceMs = 100;
/** As for other cases that strike nobody. */
const silenceMaxMs = 2_500;

/**
 * Compares what evenkeel's moves cost the guest with what virsh's cost it in the same run. Single silences are longer on a
 * busy machine whoever moves the guest: the middle of them counts, and nine of ten.
 */
export function tooSilent(silences: readonly number[], byVirsh: readonly number[]): string[] {
  const [middle, nineOfTen] = [quantile(silences, 0.5), quantile(silences, 0.9)];
  const middleMaxMs = quantile(byVirsh, 0.5) + allowanceMs;
  const nineMaxMs = Math.max(...byVirsh) + allowanceMs;
  return [
    ...silences.flatMap((silenceMs, at) =>
      silenceMs > silenceMaxMs
        ? [`round ${at + 1}: silent for ${silenceMs} ms, at most ${silenceMaxMs} ms`]
        : [],
    ),
    ...(middle > middleMaxMs
      ? [`silent for ${middle} ms in the median, at most ${middleMaxMs} ms by virsh`]
      : []),
    ...(nineOfTen > nineMaxMs
      ? [`silent for up to ${nineOfTen} ms in nine of ten moves, at most ${nineMaxMs} ms by virsh`]
      : []),
  ];
}

/** The smallest figure that this share of them does not exceed; 0 without any. */
function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
