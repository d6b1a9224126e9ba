// One stream's way into InfluxDB: messages to batches of lines, written a few at a time, acknowledged when they are in.
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { JsMsg } from 'nats';
import type { Clock } from '../../shared/clock.ts';
import { MINUTE_MS } from '../../shared/units.ts';
import type { Decoded } from './decode.ts';
import type { Intake } from './intake.ts';
import { encodeLine } from './line-protocol.ts';
import type { RetentionPolicy } from './rollups.ts';
import type { SetAside } from './set-aside.ts';
import { writeAll, type Store } from './store.ts';

// Two, so that the next batch is on its way while InfluxDB answers the last; more gained nothing (docs/adr/0003).
const WRITES_MAX = 2;
// The planner and gRPC share this thread: a batch is encoded in slices no longer than about this.
const SLICE_MS = 5;
const IDLE_WAIT_MS = MINUTE_MS;

export interface LaneParts {
  readonly intake: Intake;
  readonly policy: RetentionPolicy['name'];
  readonly decode: (subject: string, bytes: Uint8Array) => Decoded;
  readonly store: Store;
  readonly setAside: SetAside;
  readonly batchPoints: number;
  readonly batchMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called when a batch is in InfluxDB. */
  readonly onWritten: (batch: WrittenBatch) => void;
}

export interface WrittenBatch {
  readonly written: number;
  readonly refused: number;
  /** Time of the oldest and newest point. */
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
}

interface Batch {
  readonly messages: JsMsg[];
  readonly lines: string[];
  /** For each line the message it came from. */
  readonly owners: JsMsg[];
  oldestAtMs: number;
  newestAtMs: number;
}

/** Runs until the signal aborts; what is not acknowledged then stays in the stream. */
export async function runLane(parts: LaneParts): Promise<void> {
  const writes = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  while (!parts.signal.aborted && failure === undefined) {
    const batch = await nextBatch(parts);
    if (batch.messages.length === 0) continue;
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

/** Collects until the batch is full or its first message has waited `batchMs`; empty when there was none. */
async function nextBatch(parts: LaneParts): Promise<Batch> {
  const { intake, clock, batchPoints, batchMs, signal } = parts;
  const batch: Batch = { messages: [], lines: [], owners: [], oldestAtMs: Infinity, newestAtMs: -Infinity };
  await intake.arrival(IDLE_WAIT_MS);
  const startMs = clock.monotonicMs();
  let sliceStartMs = startMs;
  while (!signal.aborted && batch.lines.length < batchPoints) {
    const message = intake.take();
    const nowMs = clock.monotonicMs();
    if (message !== undefined) {
      await addMessage(parts, batch, message);
      if (nowMs - sliceStartMs < SLICE_MS) continue;
      await yieldToOthers();
      sliceStartMs = clock.monotonicMs();
    } else {
      const restMs = startMs + batchMs - nowMs;
      if (restMs <= 0) break;
      await intake.arrival(restMs);
    }
  }
  return batch;
}

async function addMessage(
  { decode, setAside, intake }: LaneParts,
  batch: Batch,
  message: JsMsg,
): Promise<void> {
  const decoded = decode(message.subject, message.data);
  if (decoded.kind !== 'points') {
    await setAside.put(message, decoded.kind, decoded.reason);
    intake.release(message);
    return;
  }
  batch.messages.push(message);
  for (const point of decoded.points) {
    const line = encodeLine(point);
    if (line === undefined) continue;
    batch.lines.push(line);
    batch.owners.push(message);
    batch.oldestAtMs = Math.min(batch.oldestAtMs, point.atMs);
    batch.newestAtMs = Math.max(batch.newestAtMs, point.atMs);
  }
}

async function deliver(parts: LaneParts, batch: Batch): Promise<void> {
  const { store, policy, intake, setAside } = parts;
  const refusals =
    batch.lines.length === 0 ? [] : await writeAll(batch.lines, (lines) => store.write(lines, policy));
  const reasons = new Map<JsMsg, string>();
  for (const { index, reason } of refusals) {
    const owner = batch.owners[index];
    if (owner !== undefined && !reasons.has(owner)) reasons.set(owner, reason);
  }
  for (const message of batch.messages) {
    const reason = reasons.get(message);
    if (reason === undefined) message.ack();
    else await setAside.put(message, 'refused', reason);
    intake.release(message);
  }
  parts.onWritten({
    written: batch.lines.length - refusals.length,
    refused: refusals.length,
    oldestAtMs: batch.oldestAtMs,
    newestAtMs: batch.newestAtMs,
  });
}
