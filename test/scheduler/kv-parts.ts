// Provides the parts that tests need to open stores on a real NATS.
import type { NatsConnection } from 'nats';
import { systemClock } from '../../shared/clock.ts';
import { createLogger } from '../../shared/log.ts';
import { Following } from '../../scheduler/store/following.ts';
import type { KvParts } from '../../scheduler/store/kv.ts';

export function kvParts(nats: NatsConnection): KvParts {
  const following = new Following(systemClock, createLogger('kv', 'silent'));
  return { nats, following, clock: systemClock, random: Math.random };
}
