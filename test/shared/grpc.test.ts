// Tests the gRPC edge: authentication, streams, deadlines and cancelling.
import { getEventListeners } from 'node:events';
import { existsSync } from 'node:fs';
import t from 'tap';
import { systemClock } from '../../shared/clock.ts';
import { EvenkeelError } from '../../shared/errors.ts';
import {
  channelCredentials,
  ownCertificateSha256,
  serverCredentials,
} from '../../shared/grpc/credentials.ts';
import { bindable, serve } from '../../shared/grpc/server.ts';
import { agentService } from '../../shared/proto/load.ts';
import { createAuthority } from '../certificates.ts';
import { answering, dial, getHost, plaintext, startServer } from './grpc-agent.ts';

t.test('mutual TLS admits only certificates of our authority', async (t) => {
  const authority = createAuthority();
  const agent = authority.issue('agent');
  const address = await startServer(t, agent);
  t.equal((await getHost(dial(t, address, authority.issue('scheduler')))).hostName, 'kvm1');
  const stranger = { ...createAuthority().issue('stranger'), caFile: authority.caFile };
  await t.rejects(
    getHost(dial(t, address, stranger)),
    { code: 'UNAVAILABLE' },
    'a foreign certificate is refused',
  );
  await t.rejects(getHost(dial(t, address, plaintext)), { code: 'UNAVAILABLE' }, 'plain text is refused');
  const pinned = ownCertificateSha256(agent);
  t.equal((await getHost(dial(t, address, authority.issue('b'), pinned))).hostName, 'kvm1');
  const other = ownCertificateSha256(authority.issue('other'));
  await t.rejects(
    getHost(dial(t, address, authority.issue('c'), other)),
    { code: 'UNAVAILABLE' },
    'another host cannot pose as this one',
  );
});

t.test(
  'the default address is reached over IPv4 and IPv6',
  { skip: !existsSync('/proc/net/if_inet6') && 'the kernel has no IPv6' },
  async (t) => {
    const agent = createAuthority().issue('agent');
    const address = await startServer(t, agent, {}, '[::]:0');
    const port = address.slice(address.lastIndexOf(':') + 1);
    const sha256 = ownCertificateSha256(agent);
    for (const host of ['127.0.0.1', '[::1]'])
      t.equal((await getHost(dial(t, `${host}:${port}`, agent, sha256))).hostName, 'kvm1', host);
  },
);

t.test('without IPv6 in the kernel, all addresses are those of IPv4', (t) => {
  t.equal(bindable('[::]:7443', false), '0.0.0.0:7443');
  t.equal(bindable('[fd00::1]:7443', false), '[fd00::1]:7443', 'it fails, and says so');
  t.equal(bindable('[::]:7443', true), '[::]:7443');
  t.end();
});

t.test('plain text never leaves the machine', (t) => {
  t.throws(
    () => serverCredentials(plaintext, '0.0.0.0:7443'),
    /tls\.mode: plaintext may listen on loopback only/,
  );
  t.throws(
    () => channelCredentials(plaintext, '10.0.0.1:7443'),
    /tls\.mode: plaintext may dial on loopback only/,
  );
  t.ok(serverCredentials(plaintext, '[::1]:7443'));
  t.throws(
    () => serverCredentials({ ...plaintext, mode: 'mutual', caFile: '/none/ca.pem' }, '0.0.0.0:7443'),
    /tls\.caFile \/none\/ca\.pem: ENOENT/,
    'a missing certificate is named with its setting',
  );
  t.end();
});

t.test('a call ends at its deadline, and the server learns of it', async (t) => {
  let told: (() => void) | undefined;
  const serverTold = new Promise<void>((resolve) => (told = resolve));
  let asked = 0;
  const address = await startServer(t, plaintext, {
    getHost: (request, signal) =>
      (asked += 1) === 1
        ? answering.getHost(request, signal)
        : new Promise(() => {
            signal.addEventListener('abort', () => told?.());
          }),
  });
  const calls = dial(t, address, plaintext);
  // Connecting takes its own time: without a connection the server would not hear of the second call at all.
  await getHost(calls);
  await t.rejects(getHost(calls, 200), {
    code: 'DEADLINE_EXCEEDED',
    message: `get host: no answer from ${address} in time; the outcome is unknown, look before repeating`,
  });
  await serverTold;
  t.pass('the handler was aborted');
});

t.test('a stream arrives in order and its failure is a failure', async (t) => {
  const address = await startServer(t, plaintext, {
    migrate: async function* (request) {
      yield* answering.migrate(request, new AbortController().signal);
      throw new EvenkeelError('NOT_FOUND', 'vm gone');
    },
  });
  const calls = dial(t, address, plaintext);
  const iterations: (number | undefined)[] = [];
  const reading = (async () => {
    for await (const { progress } of calls.stream(agentService.Migrate, 'migrate', {}, { timeoutMs: 5_000 }))
      iterations.push(progress?.iteration);
  })();
  await t.rejects(reading, { code: 'NOT_FOUND', message: 'migrate: vm gone' });
  t.strictSame(iterations, [1, 2, 3]);
});

t.test('a taken port is named', async (t) => {
  const address = await startServer(t, plaintext);
  await t.rejects(serve(systemClock, address, serverCredentials(plaintext, address), []), {
    code: 'UNAVAILABLE',
    message: new RegExp(`listen on ${address}: .*is the port taken`, 's'),
  });
});

t.test('a call that its caller cancels is cancelled, and leaves nothing on the signal', async (t) => {
  const stopped = new AbortController();
  const { signal } = stopped;
  let calls = 0;
  const address = await startServer(t, plaintext, {
    getHost: async (request, gone) => {
      calls += 1;
      if (calls === 1) return answering.getHost(request, gone);
      if (calls === 2) throw new EvenkeelError('NOT_FOUND', 'no host');
      stopped.abort(new Error('enough'));
      return new Promise(() => undefined);
    },
  });
  const connection = dial(t, address, plaintext);
  await getHost(connection, 5_000, signal);
  t.equal(getEventListeners(signal, 'abort').length, 0, 'after an answer');
  await t.rejects(getHost(connection, 5_000, signal), { code: 'NOT_FOUND' });
  t.equal(getEventListeners(signal, 'abort').length, 0, 'after a failure');
  const wait = { timeoutMs: 5_000, signal };
  for await (const { progress } of connection.stream(agentService.Migrate, 'migrate', {}, wait))
    if (progress?.iteration === 2) break;
  t.equal(getEventListeners(signal, 'abort').length, 0, 'after a stream that was left');
  await t.rejects(getHost(connection, 5_000, signal), {
    code: 'CANCELLED',
    message: 'get host: cancelled by the caller',
  });
  t.equal(getEventListeners(signal, 'abort').length, 0, 'after an abort');
  await t.rejects(
    getHost(connection, 5_000, signal),
    { message: 'enough' },
    'an aborted signal makes no call',
  );
  await t.rejects(connection.stream(agentService.Migrate, 'migrate', {}, wait).next(), { code: 'CANCELLED' });
  t.equal(getEventListeners(signal, 'abort').length, 0, 'after a stream that was aborted');
  connection.close();
  await t.rejects(getHost(connection), { code: 'UNAVAILABLE', message: /was closed on this side/ });
});
