// Sets aside messages that can never be written: copies them to a small stream for an operator, counts, logs once a kind.
import {
  headers,
  DiscardPolicy,
  nanos,
  RetentionPolicy,
  StorageType,
  type JsMsg,
  type NatsConnection,
} from 'nats';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { HOUR_MS, MIB, SECOND_MS } from '../../shared/units.ts';

export const SET_ASIDE_STREAM = 'EVENKEEL_SET_ASIDE';
const SET_ASIDE_SUBJECT = 'evenkeel.v1.set-aside';

const PUBLISH_TIMEOUT_MS = 5 * SECOND_MS;

// Enough to find the fault; a broken agent must not fill the disk.
const LIMITS = {
  max_msgs: 1_000,
  max_bytes: 64 * MIB,
  max_age: nanos(7 * 24 * HOUR_MS),
};

/** undecodable: no message of ours. invalid: one that cannot be right. refused: InfluxDB takes no such point. */
export type SetAsideKind = 'undecodable' | 'invalid' | 'refused';

export interface SetAside {
  /** Keeps a copy and terminates the message; never fails. */
  put(message: JsMsg, kind: SetAsideKind, reason: string): Promise<void>;
  count(): number;
}

export function createSetAside(nats: NatsConnection, logger: Logger): SetAside {
  const logged = new Set<SetAsideKind>();
  let count = 0;
  let hasStream = false;
  const keep = async (message: JsMsg, kind: SetAsideKind, reason: string): Promise<void> => {
    if (!hasStream) await ensureStream(nats);
    hasStream = true;
    const about = headers();
    about.set('Evenkeel-Kind', kind);
    about.set('Evenkeel-Reason', reason.replace(/\s+/g, ' '));
    about.set('Evenkeel-Subject', message.subject);
    about.set('Evenkeel-Stream', message.info.stream);
    about.set('Evenkeel-Sequence', String(message.seq));
    await nats
      .jetstream()
      .publish(SET_ASIDE_SUBJECT, message.data, { headers: about, timeout: PUBLISH_TIMEOUT_MS });
  };
  return {
    put: async (message, kind, reason) => {
      count += 1;
      const data = {
        kind,
        reason,
        subject: message.subject,
        stream: message.info.stream,
        sequence: message.seq,
      };
      if (!logged.has(kind))
        logger.warn(
          { ...data, keptIn: SET_ASIDE_STREAM },
          'a message cannot be written to InfluxDB and was set aside; more of this kind are only counted',
        );
      logged.add(kind);
      try {
        await keep(message, kind, reason);
      } catch (error) {
        // The message stays in its own stream as long as any other, so nothing is lost without the copy.
        hasStream = false;
        logger.debug({ ...data, cause: messageOf(error) }, 'cannot copy a message that was set aside');
      }
      message.term();
    },
    count: () => count,
  };
}

async function ensureStream(nats: NatsConnection): Promise<void> {
  const manager = await nats.jetstreamManager();
  const config = {
    name: SET_ASIDE_STREAM,
    subjects: [SET_ASIDE_SUBJECT],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    ...LIMITS,
  };
  await manager.streams.add(config);
}
