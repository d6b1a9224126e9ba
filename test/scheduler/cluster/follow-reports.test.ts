// Tests that following the samples leaves nothing behind when it fails and begins again, on a real nats-server.
import { getEventListeners } from 'node:events';
import { connect } from 'nats';
import t from 'tap';
import { followSamples } from '../../../scheduler/cluster/follow-reports.ts';
import { systemClock } from '../../../shared/clock.ts';
import { createLogger } from '../../../shared/log.ts';
import { ensureStreams, samplesSubject } from '../../../shared/nats.ts';
import { MIB } from '../../../shared/units.ts';
import { skipWithout, startNats } from '../../services.ts';

void t.test(
  'a reading that fails leaves no listener on the signal',
  { skip: skipWithout('nats-server') },
  async (t) => {
    const service = await startNats();
    const nats = await connect({ servers: service.url });
    t.teardown(async () => {
      await nats.close();
      await service.remove();
    });
    await ensureStreams(await nats.jetstreamManager(), { samplesMaxBytes: MIB, eventsMaxBytes: MIB });
    await nats.jetstream().publish(samplesSubject('h1'), 'not a report');
    const stop = new AbortController();
    const listeners: number[] = [];
    const failing = {
      onReport: () => undefined,
      onCaughtUp: () => {
        listeners.push(getEventListeners(stop.signal, 'abort').length);
        if (listeners.length === 4) stop.abort();
        throw new Error('the view is not ready');
      },
    };
    const logger = createLogger('test', 'silent');
    await followSamples({ nats, clock: systemClock, random: () => 0, logger }, 0, failing, stop.signal);
    t.strictSame(listeners, [1, 1, 1, 1]);
    t.equal(getEventListeners(stop.signal, 'abort').length, 0, 'nor the one that ended it');
  },
);
