// Tests the connection: deadlines, slots, keepalive and loss, against a real libvirtd and a peer that breaks the protocol.
import t, { type Test } from 'tap';
import { connect, type Connection } from '../../../agent/libvirt/connection.ts';
import {
  ControlState,
  CreateFlag,
  ErrorCode,
  StatsFlag,
  StatsGroup,
} from '../../../agent/libvirt/constants.ts';
import * as domains from '../../../agent/libvirt/domain.ts';
import { LibvirtConnectionError, LibvirtProtocolError } from '../../../agent/libvirt/errors.ts';
import { registerEvents, type LibvirtEvent } from '../../../agent/libvirt/events.ts';
import * as node from '../../../agent/libvirt/node.ts';
import type { Packet } from '../../../agent/libvirt/packet.ts';
import { Procedure } from '../../../agent/libvirt/procedures.ts';
import { getAllDomainStats } from '../../../agent/libvirt/stats.ts';
import { XdrWriter } from '../../../agent/libvirt/xdr.ts';
import { systemClock } from '../../../shared/clock.ts';
import { DeadlineError } from '../../../shared/errors.ts';
import { Keepalive, overhear } from './overhear.ts';
import { AuthType, PEER_OPTIONS, startPeer, type Answer } from './peer.ts';
import { startPrivateLibvirtd, tinyGuest, whyNoLibvirtd } from './private-libvirtd.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';

const wait = { timeoutMs: 20_000 };
const skip = whyNoLibvirtd() ?? false;
const REMOTE = 0x20008086;
const PINGS_UNANSWERED_MAX = 2;
// Had none of them been answered, the daemon would have closed the connection instead of sending the last.
const PINGS_ENOUGH = PINGS_UNANSWERED_MAX + 2;

/** Stops a process until the end of the test at the latest. */
function freeze(t: Test, pid: number): void {
  process.kill(pid, 'SIGSTOP');
  t.teardown(() => {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // It ended with the test.
    }
  });
}

void t.test('a real libvirtd', { skip }, async (t) => {
  const libvirtd = await startPrivateLibvirtd({
    // It pings after a second of silence, and gives up when two pings have no answer.
    config: ['keepalive_interval = 1', `keepalive_count = ${PINGS_UNANSWERED_MAX}`],
  });
  t.teardown(() => libvirtd.stop());
  const open = async (
    t: Test,
    uri: string,
    options: object = {},
    target = libvirtd.target,
  ): Promise<Connection> => {
    const connection = await connect(target, {
      uri,
      readOnly: false,
      clock: systemClock,
      ...options,
      ...wait,
    });
    t.teardown(() => connection.close());
    return connection;
  };

  await t.test('an idle connection answers its pings and stays open', async (t) => {
    const { target, pinged } = await overhear(t, libvirtd.target);
    const connection = await open(t, 'test:///default', { keepaliveIntervalMs: 60_000 }, target);
    await pinged(PINGS_ENOUGH);
    t.notOk(connection.isClosed);
    t.ok(await node.getHostname(connection, wait));
  });

  await t.test(
    'a stuck guest holds four slots, the fifth call waits, and control info names the guest',
    async (t) => {
      const commands = await open(t, 'qemu:///session');
      const stuck = await domains.createXml(commands, tinyGuest('stuck'), CreateFlag.paused, wait);
      const pid = libvirtd.qemuPid('stuck');
      const { target, pinged } = await overhear(t, libvirtd.target);
      const telemetry = await open(t, 'qemu:///session', {}, target);
      freeze(t, pid);
      const request = { groups: StatsGroup.balloon, flags: StatsFlag.active };
      const samples = Array.from({ length: 4 }, () =>
        getAllDomainStats(telemetry, request, { timeoutMs: 700 }),
      );
      const fifth = node.getHostname(telemetry, { timeoutMs: 900 });
      for (const sample of samples) {
        await t.rejects(sample, DeadlineError);
      }
      t.ok(telemetry.isSuspect, 'all slots are overdue');
      await t.rejects(fifth, DeadlineError, 'it was never sent');

      await until('the guest to be occupied for a while', async () => {
        const control = await domains.getControlInfo(commands, stuck, wait);
        t.equal(control.state, ControlState.occupied);
        return control.stateTimeMs > 500;
      });
      // The daemon takes our answers though four calls are unfinished: it would not with five.
      await pinged(PINGS_ENOUGH);
      t.notOk(telemetry.isClosed);

      process.kill(pid, 'SIGCONT');
      t.ok(await node.getHostname(telemetry, wait), 'late answers are dropped, and free their slots');
      t.notOk(telemetry.isSuspect);
      await domains.destroy(commands, stuck, 0, wait);
    },
  );

  await t.test('an aborted call ends at once, with the reason of the signal', async (t) => {
    const connection = await open(t, 'test:///default');
    const reason = new Error('enough');
    await t.rejects(node.getHostname(connection, { ...wait, signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const call = node.getHostname(connection, { ...wait, signal: controller.signal });
    controller.abort(reason);
    await t.rejects(call, reason);
    t.ok(await node.getHostname(connection, wait), 'and leaves the connection usable');
  });

  await t.test('closing fails what is pending and refuses what comes after', async (t) => {
    const connection = await open(t, 'test:///default');
    const calls = Array.from({ length: 6 }, () => node.getHostname(connection, wait));
    const outcomes = Promise.allSettled(calls);
    await connection.close();
    t.match(
      (await outcomes).map((outcome): unknown => (outcome.status === 'rejected' ? outcome.reason : outcome)),
      [{ sent: true }, { sent: true }, { sent: true }, { sent: true }, { sent: false }, { sent: false }],
    );
    await t.rejects(node.getHostname(connection, wait), { name: 'LibvirtConnectionError', sent: false });
    t.match(await connection.closed, { message: /closed by this side/ });
    await connection.close();
  });

  await t.test('a call that the daemon cannot decode is an error of that call only', async (t) => {
    const connection = await open(t, 'test:///default');
    const stats = connection.call(
      'domainStartDirtyRateCalc',
      () => undefined,
      () => undefined,
      wait,
    );
    await t.rejects(stats, { code: ErrorCode.rpc });
    t.ok(await node.getHostname(connection, wait));
  });

  await t.test('a frozen daemon is noticed by its silence', async (t) => {
    const connection = await open(t, 'test:///default', { keepaliveIntervalMs: 200, keepaliveCount: 2 });
    const pid = libvirtd.pid();
    freeze(t, pid);
    const call = node.getHostname(connection, wait);
    await t.rejects(call, {
      name: 'LibvirtConnectionError',
      sent: true,
      message: /no sign of life for 0.6 s/,
    });
    t.ok(connection.isClosed);
  });

  await t.test('a killed daemon fails what is pending', async (t) => {
    const connection = await open(t, 'test:///default');
    await libvirtd.kill();
    await t.rejects(node.getHostname(connection, wait), LibvirtConnectionError);
    t.match(await connection.closed, { message: /lost/ });
    const target = libvirtd.target;
    await t.rejects(
      connect(target, { uri: 'test:///default', readOnly: false, clock: systemClock, ...wait }),
      /is libvirtd running\?/,
      'and says what to look at',
    );
  });
});

void t.test('connecting to nothing', async (t) => {
  const options = { uri: 'test:///default', readOnly: false, clock: systemClock, ...wait };
  await t.rejects(connect({ kind: 'unix', path: '/nowhere/libvirt-sock' }, options), {
    name: 'LibvirtConnectionError',
    message: /unix socket \/nowhere\/libvirt-sock.*ENOENT.*installed/,
  });
  const files = { caFile: '/nowhere/ca.pem', certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' };
  await t.rejects(
    connect({ kind: 'tls', host: '127.0.0.1', port: 1, ...files }, options),
    /read CA certificate \/nowhere\/ca.pem|read client/,
  );
});

async function withPeer(t: Test, answer: Answer): Promise<Connection> {
  const connection = await connect(await startPeer(t, answer), PEER_OPTIONS);
  t.teardown(() => connection.close());
  return connection;
}

const hostname = new XdrWriter().string('peer').finish();

void t.test('a peer that breaks the protocol loses the connection, and the call its hope', async (t) => {
  const breaches: Readonly<Record<string, Answer>> = {
    'a reply nobody asked for': (packet, send) => {
      send({ serial: packet.serial + 1 }, hostname);
    },
    'the reply of another procedure': (_, send) => {
      send({ procedure: 1 }, hostname);
    },
    'a call from the server': (_, send) => {
      send({ type: 0 }, hostname);
    },
    'a stream': (_, send) => {
      send({ type: 3 }, hostname);
    },
    'another program': (_, send) => {
      send({ program: 1 }, hostname);
    },
    'a keepalive that is neither ping nor pong': (_, send) => {
      send({ program: Keepalive.program, procedure: 3, type: 2 });
    },
    'a reply with an unknown status': (_, send) => {
      send({ status: 7 }, hostname);
    },
    'a truncated reply': (_, send) => {
      send({}, hostname.subarray(0, 5));
    },
    'a reply with bytes left over': (_, send) => {
      send({}, Buffer.concat([hostname, Buffer.alloc(4)]));
    },
    'a length word that cannot be': (_, _send, socket) => {
      socket.write('HTTP/1.1 400 Bad Request');
    },
  };
  for (const [what, answer] of Object.entries(breaches)) {
    const connection = await withPeer(t, answer);
    await t.rejects(node.getHostname(connection, wait), Error, what);
    t.type(await connection.closed, LibvirtProtocolError, what);
  }
});

void t.test('a peer that closes in the middle of a packet fails the call as lost', async (t) => {
  const connection = await withPeer(t, (_packet, _send, socket) => {
    socket.end(Buffer.from([0, 0, 0, 40, 1, 2, 3]));
  });
  await t.rejects(node.getHostname(connection, wait), { name: 'LibvirtConnectionError', sent: true });
});

void t.test('an event with the serial of a call does not settle it', async (t) => {
  const connection = await withPeer(t, (packet, send) => {
    const event = new XdrWriter().int(1);
    domains.writeDomain(event, { name: 'vm', uuid: '01234567-89ab-cdef-0123-456789abcdef', id: 1 });
    if (packet.procedure === Procedure.connectGetHostname) {
      send({ type: 2, procedure: Procedure.domainEventReboot }, event.finish());
      send({}, hostname);
    } else {
      send({}, new XdrWriter().int(1).finish());
    }
  });
  const events: LibvirtEvent[] = [];
  await registerEvents(connection, ['reboot'], (event) => events.push(event), wait);
  t.equal(await node.getHostname(connection, wait), 'peer');
  t.match(events, [{ kind: 'reboot', domain: { name: 'vm' } }]);
});

void t.test('answers find their calls in any order, and never more than four are on the way', async (t) => {
  const held: (() => void)[] = [];
  let heldMax = 0;
  const connection = await withPeer(t, (_, send) => {
    held.push(() => {
      send({}, hostname);
    });
    heldMax = Math.max(heldMax, held.length);
    if (held.length === 4) {
      held
        .splice(0)
        .reverse()
        .forEach((answer) => {
          answer();
        });
    }
  });
  const names = await Promise.all(Array.from({ length: 40 }, () => node.getHostname(connection, wait)));
  t.equal(names.length, 40);
  t.equal(heldMax, 4);
});

void t.test('the queue has a limit, and says so', async (t) => {
  const connection = await withPeer(t, () => undefined);
  const calls = Array.from({ length: 260 }, () => node.getHostname(connection, { timeoutMs: 5000 }));
  const outcomes = Promise.allSettled(calls);
  await t.rejects(node.getHostname(connection, wait), {
    name: 'LibvirtConnectionError',
    sent: false,
    message: /try again/,
  });
  await connection.close();
  t.ok((await outcomes).every((outcome) => outcome.status === 'rejected'));
});

void t.test('pings are answered at once', async (t) => {
  const pongs: Packet[] = [];
  const connection = await withPeer(t, (packet, send) => {
    if (packet.program === Keepalive.program) {
      pongs.push(packet);
      return;
    }
    send({ program: Keepalive.program, procedure: Keepalive.ping, type: 2, serial: 0 });
    send({ program: REMOTE }, hostname);
  });
  await node.getHostname(connection, wait);
  await node.getHostname(connection, wait);
  t.match(pongs, [{ procedure: Keepalive.pong, type: 2, serial: 0 }]);
});

void t.test('logging in', async (t) => {
  await t.test('by polkit, which lets the user pass', async (t) => {
    const asked: number[] = [];
    const pass: Answer = (packet, send) => {
      asked.push(packet.procedure);
      send({}, packet.procedure === Procedure.authPolkit ? new XdrWriter().int(1).finish() : hostname);
    };
    const connection = await connect(await startPeer(t, pass, AuthType.polkit), PEER_OPTIONS);
    t.equal(await node.getHostname(connection, wait), 'peer');
    t.same(asked, [Procedure.authPolkit, Procedure.connectGetHostname]);
    await connection.close();
  });

  await t.test('by polkit, which does not', async (t) => {
    const refusal = new XdrWriter()
      .int(ErrorCode.authFailed)
      .int(7)
      .optionalString('access denied by policy')
      .int(2);
    const refuse: Answer = (_, send) => {
      send({ status: 1 }, refusal.finish());
    };
    const target = await startPeer(t, refuse, AuthType.polkit);
    await t.rejects(connect(target, PEER_OPTIONS), {
      name: 'LibvirtConnectionError',
      message: /access denied by policy; add this user to the group "libvirt"/,
    });
  });

  await t.test('by SASL is not spoken, and said so', async (t) => {
    const target = await startPeer(t, () => undefined, AuthType.sasl);
    await t.rejects(connect(target, PEER_OPTIONS), { message: /authentication type 1 .*libvirtd.conf/ });
  });

  await t.test('at a peer that says nothing ends at the deadline', async (t) => {
    const clock = new ManualClock();
    let isAsked = false;
    const ask = (): void => {
      isAsked = true;
    };
    const target = await startPeer(t, ask, AuthType.polkit);
    const connecting = connect(target, { ...PEER_OPTIONS, clock, timeoutMs: 200 });
    const rejected = t.rejects(connecting, DeadlineError, 'and waits for no goodbye');
    await until('the login to begin', () => isAsked);
    await clock.pass(200);
    await rejected;
  });
});
