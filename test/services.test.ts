// Tests the helper that starts real servers: they answer, keep their data over a restart, and leave nothing behind.
import { connect } from 'nats';
import t from 'tap';
import { skipWithout, startInflux, startNats } from './services.ts';

t.test('nats-server keeps its streams over a sudden end', { skip: skipWithout('nats-server') }, async (t) => {
  const service = await startNats();
  t.teardown(() => service.remove());
  const before = await connect({ servers: service.url });
  await (await before.jetstreamManager()).streams.add({ name: 'KEPT', subjects: ['kept'] });
  await before.close();
  await service.kill();
  t.equal(service.pid(), undefined);
  await service.start();
  const after = await connect({ servers: service.url });
  const info = await (await after.jetstreamManager()).streams.info('KEPT');
  t.same(info.config.subjects, ['kept']);
  await after.close();
});

t.test('influxd answers on its own port, again after a stop', { skip: skipWithout('influxd') }, async (t) => {
  const service = await startInflux();
  t.teardown(() => service.remove());
  t.equal((await fetch(`${service.url}/ping`)).status, 204);
  await service.stop();
  await t.rejects(fetch(`${service.url}/ping`));
  await service.start();
  t.equal((await fetch(`${service.url}/ping`)).status, 204);
});
