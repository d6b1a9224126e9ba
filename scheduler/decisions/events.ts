// Publishes what happened, for the metrics writer and whoever listens. Never waited for: an event is no record.
import type { NatsConnection } from 'nats';
import { messageOf } from '../../shared/errors.ts';
import type { Decision, EventInput, Migration, ShadowComparison } from '../../shared/gen/telemetry.ts';
import type { Logger } from '../../shared/log.ts';
import { eventsSubject } from '../../shared/nats.ts';
import { eventCodec } from '../../shared/proto/load.ts';

// Events come a few a minute; this many unacknowledged ones mean that NATS is away.
const PENDING_MAX = 1_000;
// In place of a host's id, for what is about a VM that has none yet, or about all hosts.
const NO_HOST = 'cluster';

export class Events {
  readonly #nats: NatsConnection;
  readonly #logger: Logger;
  #pending = 0;
  #isFailing = false;
  #lost = 0;

  constructor(nats: NatsConnection, logger: Logger) {
    this.#nats = nats;
    this.#logger = logger;
  }

  migration(migration: Migration, nowMs: number): void {
    // One event for each state, however often it is told.
    const eventId = `${migration.migrationId}:${migration.state}`;
    this.#publish(migration.sourceHostId, { eventId, atMs: nowMs, migration });
  }

  decision(decision: Decision): void {
    const { decisionId: eventId, atMs, hostId } = decision;
    this.#publish(hostId === '' ? NO_HOST : hostId, { eventId, atMs, decision });
  }

  shadow(eventId: string, shadow: ShadowComparison, atMs: number): void {
    this.#publish(NO_HOST, { eventId, atMs, shadow });
  }

  #publish(hostId: string, event: EventInput & { eventId: string }): void {
    if (this.#pending >= PENDING_MAX) {
      this.#lose(`${PENDING_MAX} events wait for their acknowledgement already`);
      return;
    }
    this.#pending += 1;
    this.#nats
      .jetstream()
      .publish(eventsSubject(hostId), eventCodec.encode(event), { msgID: event.eventId })
      .then(
        () => {
          if (this.#isFailing) this.#logger.info({ lost: this.#lost }, 'events are published again');
          this.#isFailing = false;
        },
        (error: unknown) => {
          this.#lose(messageOf(error));
        },
      )
      .finally(() => {
        this.#pending -= 1;
      });
  }

  #lose(cause: string): void {
    this.#lost += 1;
    if (!this.#isFailing)
      this.#logger.warn(
        { cause, lost: this.#lost },
        'cannot publish events; they are lost until NATS is back',
      );
    this.#isFailing = true;
  }
}
