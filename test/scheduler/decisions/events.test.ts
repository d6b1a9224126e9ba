// Tests that events which cannot be published are counted, on a real nats-server.
import { connect } from 'nats';
import pino from 'pino';
import t from 'tap';
import * as v from 'valibot';
import { Events } from '../../../scheduler/decisions/events.ts';
import { EVENTS_STREAM, eventsSubject } from '../../../shared/nats.ts';
import { skipWithout, startNats } from '../../services.ts';
import { until } from '../../until.ts';

const line = v.looseObject({ msg: v.string(), lost: v.optional(v.number()) });

void t.test(
  'what is lost while the stream is away is counted',
  { skip: skipWithout('nats-server') },
  async (t) => {
    const service = await startNats();
    const nats = await connect({ servers: service.url });
    t.teardown(async () => {
      await nats.close();
      await service.remove();
    });
    const logged: v.InferOutput<typeof line>[] = [];
    const logger = pino({}, { write: (text: string) => logged.push(v.parse(line, JSON.parse(text))) });
    const events = new Events(nats, logger);
    const publish = (id: string): void => {
      events.shadow(id, { sameMoves: 0, differences: [] }, 1);
    };

    publish('e1');
    await until('the warning', () => logged.length === 1);
    publish('e2');
    publish('e3');
    const manager = await nats.jetstreamManager();
    await manager.streams.add({ name: EVENTS_STREAM, subjects: [eventsSubject('*')] });
    publish('e4');
    await until('the all-clear', () => logged.length === 2);
    t.strictSame(
      logged.map(({ msg, lost }) => [msg, lost]),
      [
        ['cannot publish events; they are lost until NATS is back', 1],
        ['events are published again', 3],
      ],
      'the outage is named once, and its end says how many were lost',
    );
  },
);
