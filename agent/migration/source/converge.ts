// Detects a copy that stalls, and advises what to do: longer pauses step by step, post-copy where it is allowed, else
// abort. It counts QEMU's passes over the memory, not time, since only a new pass can gain. Pure.

export interface ConvergeLimits {
  /** The longest pause that the VM may be made to take. */
  readonly downtimeMaxMs: number;
  /** The VM's owner has opted in. */
  readonly postCopy: boolean;
}

export interface Converging {
  readonly limits: ConvergeLimits;
  /** QEMU's present downtime limit. */
  readonly downtimeMs: number;
  readonly iteration: number;
  /** The smallest remainder at the start of any pass so far. */
  readonly best: Best | undefined;
  /** The remainder at the start of the present pass. */
  readonly passBytes: number;
  readonly throttlePercent: number;
  readonly stalledAtMs: number | undefined;
  /** The final advice was given; it is given only once. */
  readonly isOver: boolean;
}

interface Best {
  readonly bytes: number;
  readonly iteration: number;
  readonly atMs: number;
}

/** One look at the running job. */
export interface CopySight {
  readonly nowMs: number;
  readonly iteration: number;
  readonly remainingBytes: number;
  /** 0 where auto-converge is off. */
  readonly throttlePercent: number;
}

export type Advice =
  | { readonly kind: 'go_on' }
  | { readonly kind: 'set_downtime'; readonly downtimeMs: number }
  | { readonly kind: 'post_copy' }
  | { readonly kind: 'abort' };

// oVirt's convergence schedule (ovirt-engine, 0000_config.sql): the pause allowed from each pass on.
const LADDER: readonly (readonly [iteration: number, downtimeMs: number])[] = [
  [0, 100],
  [2, 150],
  [3, 200],
  [4, 300],
  [5, 400],
  [7, 500],
];
const LADDER_TOP_MS = 500;

// KubeVirt's stall detection (enhancement 248): no gain of 4 % for 40 s. The four passes keep a slow link, whose
// single pass takes longer than that, from being taken for a stall.
const GAIN_RATIO = 0.04;
const STALL_MS = 40_000;
const STALL_ITERATIONS = 4;
// The first pass copies all memory; post-copy before its end would have to fetch nearly all of it over the network.
const FULL_PASS_ITERATION = 2;
// A stalled copy that does not come near its best again within this time is switched over anyway.
const MINIMUM_PATIENCE_MS = 40_000;

export function beginConverging(limits: ConvergeLimits): Converging {
  return {
    limits,
    downtimeMs: ladderMs(limits.downtimeMaxMs, 0),
    iteration: 0,
    best: undefined,
    passBytes: 0,
    throttlePercent: 0,
    stalledAtMs: undefined,
    isOver: false,
  };
}

/** The pause allowed at this pass: the ladder, stretched to a longer limit or cut off at a shorter one. */
export function ladderMs(downtimeMaxMs: number, iteration: number): number {
  const [, step] = LADDER.findLast(([from]) => iteration >= from) ?? [0, 0];
  const stretched = downtimeMaxMs > LADDER_TOP_MS ? (step * downtimeMaxMs) / LADDER_TOP_MS : step;
  return Math.max(1, Math.min(downtimeMaxMs, Math.round(stretched)));
}

/** Folds one look into the state and advises what to do; never to suspend the guest. */
export function converge(before: Converging, sight: CopySight): { state: Converging; advice: Advice } {
  if (before.isOver) return { state: before, advice: { kind: 'go_on' } };
  const state = follow(before, sight);
  const downtimeMs = Math.max(before.downtimeMs, ladderMs(state.limits.downtimeMaxMs, state.iteration));
  if (downtimeMs > before.downtimeMs)
    return { state: { ...state, downtimeMs }, advice: { kind: 'set_downtime', downtimeMs } };
  if (state.stalledAtMs === undefined) return { state, advice: { kind: 'go_on' } };
  if (!state.limits.postCopy) return { state: { ...state, isOver: true }, advice: { kind: 'abort' } };
  return isMinimum(state, sight.nowMs)
    ? { state: { ...state, isOver: true }, advice: { kind: 'post_copy' } }
    : { state, advice: { kind: 'go_on' } };
}

/**
 * Only the remainder at the start of a pass means anything: within a pass it always falls to nothing, however
 * fast the guest writes.
 */
function follow(before: Converging, sight: CopySight): Converging {
  const isSamePass = sight.iteration <= before.iteration && before.best !== undefined;
  // Nothing remains: QEMU has not begun to count, or the job is just ending.
  if (isSamePass || sight.remainingBytes <= 0) return withStall(throttled(before, sight), sight.nowMs);
  const { iteration, remainingBytes: passBytes } = sight;
  const isGain = before.best === undefined || passBytes < before.best.bytes * (1 - GAIN_RATIO);
  const best = isGain ? { bytes: passBytes, iteration, atMs: sight.nowMs } : before.best;
  return withStall(throttled({ ...before, iteration, passBytes, best }, sight), sight.nowMs);
}

/** After a new throttling step the time for a stall starts again, so that it can take effect. */
function throttled(state: Converging, { throttlePercent, nowMs, iteration }: CopySight): Converging {
  if (throttlePercent <= state.throttlePercent || state.best === undefined) return state;
  return { ...state, throttlePercent, best: { ...state.best, atMs: nowMs, iteration } };
}

function withStall(state: Converging, nowMs: number): Converging {
  const { best, iteration, stalledAtMs } = state;
  const isStalled =
    best !== undefined &&
    nowMs - best.atMs >= STALL_MS &&
    iteration - best.iteration >= STALL_ITERATIONS &&
    iteration >= FULL_PASS_ITERATION;
  return { ...state, stalledAtMs: isStalled ? (stalledAtMs ?? nowMs) : undefined };
}

function isMinimum({ best, passBytes, stalledAtMs }: Converging, nowMs: number): boolean {
  if (best === undefined || stalledAtMs === undefined) return false;
  return passBytes <= best.bytes * (1 + GAIN_RATIO) || nowMs - stalledAtMs >= MINIMUM_PATIENCE_MS;
}
