// Writes one stream into InfluxDB: batches messages as lines, writes a few batches at a time, acknowledges when stored.
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { millis, type JsMsg } from 'nats';
import type { Clock } from '../../shared/clock.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import type { Decode } from './decode.ts';
import type { Intake } from './intake.ts';
import type { FullIndex } from './full-index.ts';
import { encodeLines, type Lines } from './line-protocol.ts';
import type { RetentionPolicy } from './rollups.ts';
import type { SetAside } from './set-aside.ts';
import { writeAll, type PointSink, type RejectedPoint } from './point-sink.ts';

// Two, so that the next batch is sent while InfluxDB handles the last (docs/adr/0002-writing-to-influxdb.md).
const WRITES_MAX = 2;
// The planner and gRPC share this thread: a batch is encoded in slices no longer than about this.
const SLICE_MS = 5;
// Hosts report in bursts, at the same ticks: when nothing comes for this share of batchMs, the burst is over.
const QUIET_RATIO = 0.1;
const IDLE_WAIT_MS = MINUTE_MS;

export interface LaneParts {
  readonly intake: Intake;
  readonly policy: RetentionPolicy['name'];
  readonly decode: Decode;
  readonly sink: PointSink;
  readonly setAside: SetAside;
  readonly batchPoints: number;
  readonly batchMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called when InfluxDB has stored a batch. */
  readonly onWritten: (batch: WrittenBatch) => void;
  readonly full: FullIndex;
}

export interface WrittenBatch {
  readonly written: number;
  readonly refused: number;
  /** Times of the oldest and newest point. */
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
}

/** Points that are not in InfluxDB: bad ones, and the number of those that its full index did not take. */
interface Unwritten {
  readonly rejected: readonly RejectedPoint[];
  readonly dropped: number;
}

interface Part extends Lines {
  readonly message: JsMsg;
}

interface Batch {
  readonly parts: Part[];
  count: number;
  oldestAtMs: number;
  newestAtMs: number;
}

/** Runs until the signal aborts; messages not acknowledged by then stay in the stream. */
export async function runLane(parts: LaneParts): Promise<void> {
  const writes = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  while (!parts.signal.aborted && failure === undefined) {
    const batch = await nextBatch(parts);
    if (batch.parts.length === 0) continue;
    while (writes.size >= WRITES_MAX) await Promise.race(writes);
    const write = deliver(parts, batch)
      .catch((error: unknown) => {
        if (!parts.signal.aborted) failure = { error };
      })
      .finally(() => writes.delete(write));
    writes.add(write);
  }
  await Promise.all(writes);
  if (failure !== undefined) throw failure.error;
}

/** Collects until the batch is full, nothing more comes, or the first message has waited `batchMs`; may return an empty batch. */
async function nextBatch(parts: LaneParts): Promise<Batch> {
  const { intake, clock, batchPoints, batchMs, signal } = parts;
  const batch: Batch = { parts: [], count: 0, oldestAtMs: Infinity, newestAtMs: -Infinity };
  await intake.arrival(IDLE_WAIT_MS);
  const startMs = clock.monotonicMs();
  let sliceStartMs = startMs;
  while (!signal.aborted && batch.count < batchPoints) {
    const message = intake.take();
    const nowMs = clock.monotonicMs();
    if (message !== undefined) {
      await addMessage(parts, batch, message);
      if (nowMs - sliceStartMs < SLICE_MS) continue;
      await yieldToOthers();
      sliceStartMs = clock.monotonicMs();
    } else {
      const restMs = Math.min(startMs + batchMs - nowMs, batchMs * QUIET_RATIO);
      if (restMs <= 0 || !(await intake.arrival(restMs))) break;
    }
  }
  return batch;
}

async function addMessage(
  { decode, setAside, intake }: LaneParts,
  batch: Batch,
  message: JsMsg,
): Promise<void> {
  const decoded = decode(message.subject, message.data, millis(message.info.timestampNanos));
  if (decoded.kind !== 'points') {
    await setAside.put(message, decoded.kind, decoded.reason);
    intake.release(message);
    return;
  }
  // One string for all lines of a message: many concatenated strings kept for a while are costly for the garbage collector.
  const lines = encodeLines(decoded.points);
  batch.parts.push({ ...lines, message });
  batch.count += lines.count;
  for (const { atMs } of decoded.points) {
    batch.oldestAtMs = Math.min(batch.oldestAtMs, atMs);
    batch.newestAtMs = Math.max(batch.newestAtMs, atMs);
  }
}

async function deliver(parts: LaneParts, batch: Batch): Promise<void> {
  const { intake, setAside } = parts;
  const { rejected, dropped } = await write(parts, batch);
  const owners =
    rejected.length === 0 ? [] : batch.parts.flatMap((part) => Array<JsMsg>(part.count).fill(part.message));
  const reasons = new Map<JsMsg | undefined, string>();
  for (const { index, reason } of rejected) reasons.set(owners[index], reason);
  for (const { message } of batch.parts) {
    const reason = reasons.get(message);
    if (reason === undefined) message.ack();
    else await setAside.put(message, 'refused', reason);
    intake.release(message);
  }
  parts.onWritten({
    written: batch.count - rejected.length - dropped,
    refused: rejected.length + dropped,
    oldestAtMs: batch.oldestAtMs,
    newestAtMs: batch.newestAtMs,
  });
}

/** Points that would need a new series in a full index are found once, and left out from then on. */
async function write({ sink, policy, full }: LaneParts, batch: Batch): Promise<Unwritten> {
  const filled = batch.parts.filter((part) => part.count > 0);
  if (filled.length === 0) return { rejected: [], dropped: 0 };
  const text = filled.map((part) => part.text).join('\n');
  if (full.isEmpty()) {
    const result = await sink.write({ text, count: batch.count }, policy);
    if (result.kind === 'written') return { rejected: [], dropped: 0 };
  }
  const sent: { readonly line: string; readonly index: number }[] = [];
  text.split('\n').forEach((line, index) => {
    if (!full.leavesOut(line)) sent.push({ line, index });
  });
  const rejected: RejectedPoint[] = [];
  let dropped = batch.count - sent.length;
  if (sent.length === 0) return { rejected, dropped };
  const lines = sent.map(({ line }) => line);
  for (const point of await writeAll(lines, (part) => sink.write(part, policy))) {
    const { line, index } = sent[point.index] ?? { line: '', index: point.index };
    if (point.isFull) {
      dropped += 1;
      full.note(line, point.reason);
    } else rejected.push({ ...point, index });
  }
  return { rejected, dropped };
}
