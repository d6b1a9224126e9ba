// Tests the connection to the scheduler: mutual TLS, and for each way it can fail an error with its cure.
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { serverCredentials } from '../../shared/grpc/credentials.ts';
import type { TlsSettings } from '../../shared/settings.ts';
import { createAuthority } from '../certificates.ts';
import { installCommand, startCommand, type Outcome } from './command.ts';
import { startFakeScheduler } from './fake-scheduler.ts';

const evenkeel = installCommand();
const plaintext: TlsSettings = { mode: 'plaintext', caFile: '', certFile: '', keyFile: '' };

function run(line: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return startCommand(evenkeel, line.split(' '), env).ended;
}

void t.test('a connection that breaks while something is changed leaves the outcome open', async (t) => {
  const scheduler = await startFakeScheduler(serverCredentials(plaintext, '127.0.0.1:0'));
  // One may be there long before the other.
  const options = ['--scheduler', `127.0.0.1:${scheduler.port}`, '--plaintext', '--timeout', '2m'];
  const change = startCommand(evenkeel, ['vm', 'start', 'slow', ...options]);
  const read = startCommand(evenkeel, ['vm', 'show', 'slow', ...options]);
  await scheduler.waiting(2);
  await scheduler.stop();
  const [changed, shown] = await Promise.all([change.ended, read.ended]);
  t.equal(changed.code, 6, changed.stderr);
  t.match(changed.stderr, /connection to the scheduler at .* was lost; it may or may not have been done/);
  t.equal(shown.code, 5, shown.stderr);
});

/** Listens on loopback and does with each connection what it is told. */
async function startListener(t: Test, greet: (line: Socket) => void): Promise<number> {
  const server = createServer((line) => {
    // The other side gives up in its own time; that is not what is tested.
    line.on('error', () => undefined);
    greet(line);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

void t.test('a scheduler that cannot be reached is told apart by what to do', async (t) => {
  const authority = createAuthority();
  const stranger = createAuthority();
  const tls = authority.issue('scheduler');
  const operator = authority.issue('operator');
  const scheduler = await startFakeScheduler(serverCredentials(tls, '127.0.0.1:0'));
  t.teardown(() => scheduler.stop());
  const silent = await startListener(t, () => undefined);
  const http = await startListener(t, (line) => {
    line.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  const files = ({ caFile, certFile, keyFile }: TlsSettings): string =>
    `--ca ${caFile} --cert ${certFile} --key ${keyFile}`;
  const at = (port: number): string => `--scheduler 127.0.0.1:${port}`;

  const good = await run(`hosts ${at(scheduler.port)} ${files(operator)}`);
  t.equal(good.code, 0, good.stderr);
  const fromEnvironment = await run('hosts', {
    EVENKEEL_SCHEDULER: `127.0.0.1:${scheduler.port}`,
    EVENKEEL_TLS_CA_FILE: operator.caFile,
    EVENKEEL_TLS_CERT_FILE: operator.certFile,
    EVENKEEL_TLS_KEY_FILE: operator.keyFile,
  });
  t.equal(fromEnvironment.code, 0, fromEnvironment.stderr);

  const cases: readonly (readonly [string, RegExp])[] = [
    [`hosts --plaintext ${at(1)}`, /connection refused: nothing listens on port 1\. Start it there/],
    [
      `hosts ${at(scheduler.port)} ${files(stranger.issue('operator'))}`,
      /not signed by the authority in .*--ca/,
    ],
    [
      `hosts ${at(scheduler.port)} ${files({ ...stranger.issue('other'), caFile: authority.caFile })}`,
      /closed the connection during the TLS handshake.*signed by the scheduler's authority/,
    ],
    [`hosts --plaintext ${at(scheduler.port)}`, /not a scheduler without TLS.*leave out --plaintext/],
    [`hosts ${at(http)} ${files(operator)}`, /does not speak TLS; is the port right\?/],
    [`hosts --plaintext ${at(http)}`, /not a scheduler without TLS; is the port right\?/],
    [
      `hosts --timeout 1s ${at(silent)} ${files(operator)}`,
      /something listens there, but it does not answer/,
    ],
    [
      `hosts --scheduler nowhere.invalid:7444 ${files(operator)}`,
      /the name nowhere\.invalid cannot be resolved/,
    ],
  ];
  for (const [line, expected] of cases) {
    const { code, stderr } = await run(line);
    t.equal(code, 5, `${line}: ${stderr}`);
    t.match(stderr, /^evenkeel: cannot reach the scheduler at /);
    t.match(stderr, expected);
  }
  const mismatch = await run(`hosts ${at(scheduler.port)} ${files({ ...operator, keyFile: tls.keyFile })}`);
  t.equal(mismatch.code, 2);
  t.match(mismatch.stderr, /--key .*check that both are PEM and belong together/);
});
