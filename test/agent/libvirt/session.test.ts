// Tests the session: it connects again when its daemon is restarted, loses its hypervisor or was away.
import t from 'tap';
import * as domains from '../../../agent/libvirt/domain.ts';
import { Procedure } from '../../../agent/libvirt/procedures.ts';
import { LibvirtSession } from '../../../agent/libvirt/session.ts';
import { XdrWriter } from '../../../agent/libvirt/xdr.ts';
import { systemClock } from '../../../shared/clock.ts';
import { PEER_OPTIONS, startPeer } from './peer.ts';
import { startPrivateLibvirtd, tinyGuest, whyNoLibvirtd } from './private-libvirtd.ts';
import { until } from '../../until.ts';

const wait = { timeoutMs: 20_000 };
const skip = whyNoLibvirtd() ?? false;

void t.test('a session survives a restart of its daemon', { skip }, async (t) => {
  const libvirtd = await startPrivateLibvirtd();
  t.teardown(() => libvirtd.stop());
  const log: string[] = [];
  const session = new LibvirtSession({
    target: libvirtd.target,
    uri: 'qemu:///session',
    readOnly: false,
    clock: systemClock,
    // A tenth of the longest wait, so that the test is quick.
    random: () => 0.1,
    events: ['lifecycle'],
    onResync: (all) => log.push(`resync ${all.map((domain) => domain.name).join()}`),
    onEvent: (event) =>
      log.push(event.kind === 'lifecycle' ? `${event.domain.name} ${event.change}` : event.kind),
    onState: (state) => log.push(state.kind),
  });
  t.equal(session.connection(), undefined);
  session.start();
  t.teardown(() => session.stop());
  const first = await session.ready(wait);
  await domains.define(first, tinyGuest('kept'), 0, wait);
  await until('the event of the definition', () => log.includes('kept defined'));

  await libvirtd.kill();
  t.match(await first.closed, { message: /lost/ });
  await t.rejects(
    session.ready({ timeoutMs: 300 }),
    /libvirtd running|lost/,
    'gives the reason why there is no connection',
  );
  await libvirtd.start();
  const second = await session.ready(wait);
  t.not(second, first);
  await domains.undefine(second, await domains.lookupByName(second, 'kept', wait), 0, wait);
  t.equal(session.state.kind, 'ready');

  await until('the event of the undefinition', () => log.includes('kept undefined'));
  await session.stop();
  t.ok(log.includes('waiting'), 'it was without a connection in between');
  t.same(
    log.filter((line) => line !== 'waiting' && line !== 'connecting'),
    ['ready', 'resync ', 'kept defined', 'ready', 'resync kept', 'kept undefined', 'stopped'],
  );
  await t.rejects(session.ready(wait), /stopped/);
});

void t.test('a session leaves a daemon that lost its hypervisor', async (t) => {
  let closing = true;
  const target = await startPeer(t, (packet, send) => {
    switch (packet.procedure) {
      case Procedure.connectListAllDomains:
        send({}, new XdrWriter().uint(0).uint(0).finish());
        if (closing) {
          closing = false;
          send(
            { type: 2, procedure: Procedure.connectEventConnectionClosed },
            new XdrWriter().int(1).finish(),
          );
        }
        break;
      default:
        send({});
    }
  });
  let resyncs = 0;
  const session = new LibvirtSession({
    ...PEER_OPTIONS,
    target,
    random: () => 0,
    onResync: () => {
      resyncs += 1;
    },
  });
  session.start();
  await until('another list of domains', () => resyncs === 2);
  await session.ready(wait);
  t.equal(resyncs, 2);
  await session.stop();
});

void t.test('a session that waits for the daemon tries again when it is told to', async (t) => {
  let isAway = true;
  const target = await startPeer(t, (packet, send, socket) => {
    if (isAway) socket.destroy();
    else if (packet.procedure !== Procedure.connectListAllDomains) send({});
    else send({}, new XdrWriter().uint(0).uint(0).finish());
  });
  // Its own wait is longer than this test.
  const session = new LibvirtSession({ ...PEER_OPTIONS, target, random: () => 60 });
  session.start();
  await until('the connection to be lost', () => session.state.kind === 'waiting');
  isAway = false;
  session.retryNow();
  const connection = await session.ready(wait);
  session.retryNow();
  t.equal(session.connection(), connection, 'and stays as it is once it is connected');
  await session.stop();
});
