// Tests how failed calls and connections are reported: our codes and words, never those of the gRPC library.
import { createServer, type Server, type Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import t, { type Test } from 'tap';
import { EvenkeelError } from '../../shared/errors.ts';
import { ownCertificateSha256 } from '../../shared/grpc/credentials.ts';
import { callFailure } from '../../shared/grpc/failures.ts';
import type { TlsSettings } from '../../shared/settings.ts';
import { createAuthority } from '../certificates.ts';
import { dial, getHost, plaintext, startServer } from './grpc-agent.ts';

t.test('failures keep their code and text', async (t) => {
  const failures: Error[] = [
    new EvenkeelError('FAILED_PRECONDITION', 'vm web1: is running; shut it down first'),
    new TypeError('a bug'),
  ];
  const address = await startServer(t, plaintext, {
    getHost: () => Promise.reject(failures.shift() ?? new Error()),
  });
  const calls = dial(t, address, plaintext);
  await t.rejects(getHost(calls), {
    code: 'FAILED_PRECONDITION',
    message: 'get host: vm web1: is running; shut it down first',
  });
  await t.rejects(getHost(calls), { code: 'INTERNAL', message: 'get host: a bug' });
});

/** A server that is not one of ours. */
async function stranger(t: Test, onSocket: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  return `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
}

t.test('a failed connection is reported in our words', async (t) => {
  const authority = createAuthority();
  const tls = authority.issue('agent');
  const foreign = createAuthority().issue('stranger');
  const secure = await startServer(t, tls);
  const plain = await startServer(t, plaintext);
  const mute = await stranger(t, () => undefined);
  const resetting = await stranger(t, (socket) => socket.resetAndDestroy());
  const closing = await stranger(t, (socket) => socket.destroy());
  const web = await stranger(t, (socket) => socket.on('data', () => socket.end('HTTP/1.1 400 Bad\r\n\r\n')));
  const nobody = '127.0.0.1:1';
  const refused = `connection to ${nobody} refused; check that evenkeel-agent runs there and listens on that address`;
  const handshake =
    'closed the connection during the handshake; does it trust our certificate, and is tls.mode the same on both sides?';
  const other = ownCertificateSha256(authority.issue('other'));
  const cases: readonly [address: string, tls: TlsSettings, told: string, sha256?: string][] = [
    [nobody, plaintext, refused],
    ['none.invalid:7443', tls, 'the name in none.invalid:7443 was not found; check the address and DNS'],
    [
      secure,
      foreign,
      `the certificate of ${secure} is not trusted (self-signed certificate in certificate chain); check that it is signed by the authority in tls.caFile`,
    ],
    [secure, { ...foreign, caFile: authority.caFile }, `${secure} ${handshake}`],
    [
      secure,
      tls,
      `${secure} shows another certificate than its host reported; is the address right? A new certificate is reported only after evenkeel-agent there has restarted`,
      other,
    ],
    [secure, plaintext, `${secure} ${handshake}`],
    [plain, tls, `${plain} does not speak TLS; is the port right, and tls.mode the same on both sides?`],
    [web, plaintext, `${web} does not speak gRPC; is the port right, and tls.mode the same on both sides?`],
    [closing, plaintext, `${closing} ${handshake}`],
    [closing, tls, `${closing} ${handshake}`],
    [
      resetting,
      plaintext,
      `${resetting} reset the connection; is the port right, and is evenkeel-agent there starting or stopping?`,
    ],
  ];
  for (const [address, ofTls, told, sha256] of cases)
    await t.rejects(getHost(dial(t, address, ofTls, sha256)), {
      code: 'UNAVAILABLE',
      message: `get host: ${told}`,
    });
  await t.rejects(getHost(dial(t, mute, plaintext), 300), {
    code: 'DEADLINE_EXCEEDED',
    message: `get host: no connection to ${mute} in time; check that the machine is up and that no firewall blocks the port`,
  });
});

t.test('the texts of the gRPC library never reach the operator', (t) => {
  const peer = { daemon: 'evenkeel-agent', address: 'kvm1:7443' } as const;
  const dialled = (error: string): string =>
    `No connection established. Last error: ${error}. Resolution note: `;
  const connecting = (errno: string): string => dialled(`Error: connect ${errno} 10.0.0.1:7443`);
  const { UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, INTERNAL } = status;
  const cases: readonly [code: number, details: string, told: RegExp][] = [
    [UNAVAILABLE, connecting('ECONNREFUSED'), /^connection to kvm1:7443 refused; check that evenkeel-agent/],
    [UNAVAILABLE, connecting('ETIMEDOUT'), /^no answer from kvm1:7443; check that the machine is up/],
    [UNAVAILABLE, connecting('EHOSTUNREACH'), /^no route to kvm1:7443 \(EHOSTUNREACH\); check the address/],
    [UNAVAILABLE, connecting('ENETUNREACH'), /^no route to kvm1:7443 \(ENETUNREACH\); check the address/],
    [UNAVAILABLE, connecting('EHOSTDOWN'), /^no route to kvm1:7443 \(EHOSTDOWN\); check the address/],
    [UNAVAILABLE, connecting('ENETDOWN'), /^no route to kvm1:7443 \(ENETDOWN\); check the address/],
    [
      UNAVAILABLE,
      dialled('Error: getaddrinfo ENOTFOUND kvm1'),
      /^the name in kvm1:7443 was not found \(ENOTFOUND\)/,
    ],
    [
      UNAVAILABLE,
      dialled('Error: getaddrinfo EAI_AGAIN kvm1'),
      /^the name in kvm1:7443 was not found \(EAI_AGAIN\)/,
    ],
    [UNAVAILABLE, 'Failed to parse DNS address dns:kvm1', /^the name in kvm1:7443 was not found; check/],
    [UNAVAILABLE, dialled('Error: read ECONNRESET'), /^kvm1:7443 reset the connection; is the port right/],
    [UNAVAILABLE, dialled('Error: write EPIPE'), /^kvm1:7443 reset the connection; is the port right/],
    [
      UNAVAILABLE,
      dialled('Error: certificate has expired'),
      /^the certificate .* is expired or not yet valid; renew it there/,
    ],
    [
      UNAVAILABLE,
      dialled('Error: certificate is not yet valid'),
      /is expired or not yet valid; renew it there, and check both/,
    ],
    [
      UNAVAILABLE,
      dialled('Error: unable to verify the first certificate'),
      /is not trusted \(unable to verify the first certificate\); check .* tls\.caFile$/,
    ],
    [
      UNAVAILABLE,
      dialled(
        "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: x.",
      ),
      /^the certificate of kvm1:7443 is for another name; use a name/,
    ],
    [
      UNAVAILABLE,
      dialled(
        'Error: 80AC:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:rec.c:1:SSL alert number 48\n',
      ),
      /^kvm1:7443 refused our certificate; is it signed by/,
    ],
    [
      UNAVAILABLE,
      dialled('Error: odd'),
      /^no connection to kvm1:7443: odd; check that evenkeel-agent runs there$/,
    ],
    [UNAVAILABLE, dialled('null'), /^no connection to kvm1:7443; check that evenkeel-agent runs there$/],
    [
      UNAVAILABLE,
      'Connection dropped',
      /^the connection to kvm1:7443 was lost; check that evenkeel-agent still/,
    ],
    [UNAVAILABLE, 'Stream refused by server', /^the connection to kvm1:7443 was lost; check/],
    [UNAVAILABLE, 'read ECONNRESET', /^the connection to kvm1:7443 was lost; check/],
    [UNAVAILABLE, 'Write failed with error write EPIPE', /^the connection to kvm1:7443 was lost; check/],
    [
      UNAVAILABLE,
      'Channel closed before call started',
      /^the connection to kvm1:7443 was closed on this side/,
    ],
    [
      UNAVAILABLE,
      'Received HTTP status code 502',
      /^kvm1:7443 does not speak gRPC \(Received HTTP status code 502\)/,
    ],
    [
      DEADLINE_EXCEEDED,
      'Deadline exceeded after 0.307s,LB pick: 0.002s,remote_addr=10.0.0.1:7443',
      /^no answer from kvm1:7443 in time; the outcome is unknown, look before repeating$/,
    ],
    [
      DEADLINE_EXCEEDED,
      'Deadline exceeded after 1.512s,waiting for name resolution',
      /^no connection to kvm1:7443 in time; check that the machine is up/,
    ],
    [CANCELLED, 'Cancelled on client', /^cancelled by the caller$/],
    [CANCELLED, 'Call cancelled', /^kvm1:7443 ended the call; is evenkeel-agent there stopping\?$/],
    [
      INTERNAL,
      'Received RST_STREAM with code 2 (Internal server error)',
      /^kvm1:7443 aborted the call \(Received RST_STREAM .*\); see the log of evenkeel-agent there$/,
    ],
  ];
  for (const [code, details, told] of cases) {
    const error = Object.assign(new Error(details), { code, details });
    const failure = callFailure('get host', peer, error);
    t.equal(failure.code, status[code], details);
    t.match(failure.message.replace(/^get host: /, ''), told);
    t.notMatch(failure.message, /Resolution note|Last error/);
    t.equal(failure.cause, error, "the library's error is kept for the log");
  }
  t.end();
});

t.test("a server's own error text is passed on unchanged", async (t) => {
  const text = 'list VMs: libvirt: connect ECONNREFUSED /run/libvirt/libvirt-sock; check that libvirtd runs';
  const address = await startServer(t, plaintext, {
    getHost: () => Promise.reject(new EvenkeelError('UNAVAILABLE', text)),
  });
  await t.rejects(getHost(dial(t, address, plaintext)), {
    code: 'UNAVAILABLE',
    message: `get host: ${text}`,
  });
});
