// Tests settings, sizes and deadlines: an operator's mistakes are named.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { systemClock, withDeadline } from '../../shared/clock.ts';
import { DeadlineError, EvenkeelError } from '../../shared/errors.ts';
import { addressAndPort, loadSettings, natsSchema, tlsSchema, wholeNumber } from '../../shared/settings.ts';
import { formatBytes, GIB, KIB, MIB, parseBytes } from '../../shared/units.ts';

const schema = {
  listen: { doc: 'address', format: addressAndPort, default: '127.0.0.1:7444', env: 'EVENKEEL_LISTEN' },
  intervalS: { doc: 'tick', format: wholeNumber(1, 60), default: 5, env: 'EVENKEEL_INTERVAL_S' },
  tls: tlsSchema,
  nats: natsSchema,
};
const folder = mkdtempSync(join(tmpdir(), 'evenkeel-settings-'));

function fileWith(text: string): string {
  const file = join(folder, `${Math.random()}.yaml`);
  writeFileSync(file, text);
  return file;
}

function refusal(text: string, env: NodeJS.ProcessEnv = {}): EvenkeelError {
  try {
    loadSettings(schema, fileWith(text), env);
  } catch (error) {
    if (error instanceof EvenkeelError) return error;
    throw error;
  }
  throw new Error(`settings were accepted: ${text}`);
}

t.test('settings', (t) => {
  const good = loadSettings(schema, fileWith('intervalS: 2\nnats:\n  servers: [nats://10.0.0.1:4222]\n'), {
    EVENKEEL_LISTEN: '0.0.0.0:9000',
    EVENKEEL_TLS_MODE: 'plaintext',
  });
  t.equal(good.intervalS, 2, 'the file overrides the default');
  t.equal(good.listen, '0.0.0.0:9000', 'the environment overrides the file');
  t.equal(good.tls.mode, 'plaintext', 'the environment reaches nested keys');
  t.strictSame(good.nats.servers, ['nats://10.0.0.1:4222']);
  t.equal(loadSettings(schema, fileWith(''), {}).intervalS, 5, 'an empty file leaves the defaults');

  const cases: readonly [string, RegExp][] = [
    ['interval: 5', /interval.*not declared/],
    ['tls: {modus: mutual}', /tls\.modus.*not declared/],
    ['intervalS: 0', /intervalS: must be a whole number from 1 to 60/],
    ['intervalS: fast', /intervalS: must be a whole number from 1 to 60/],
    ['listen: 127.0.0.1', /listen: must be "address:port"/],
    ['listen: 127.0.0.1:70000', /listen: must be "address:port"/],
    ['tls: {mode: maybe}', /tls\.mode.*must be one of the possible values/],
    ['a: [1', /read settings .*\.yaml: /],
    ['- 1', /must be a YAML mapping/],
  ];
  for (const [text, expected] of cases) {
    const error = refusal(text);
    t.equal(error.code, 'INVALID_ARGUMENT');
    t.match(error.message, expected, `refuses ${text}`);
  }
  t.match(refusal('', { EVENKEEL_INTERVAL_S: '99' }).message, /intervalS/, 'refuses a bad environment value');
  t.throws(
    () => loadSettings(schema, join(folder, 'none.yaml'), {}),
    /none\.yaml: ENOENT/,
    'names a missing file',
  );
  t.end();
});

t.test('sizes', (t) => {
  t.equal(parseBytes('512M'), 512 * MIB);
  t.equal(parseBytes('2GiB'), 2 * GIB);
  t.equal(parseBytes('1.5g'), 1.5 * GIB);
  t.equal(parseBytes('4096'), 4096);
  for (const bad of ['', '0', '-1G', 'G', '1X', '1 G B', '9999999T', '1e9'])
    t.equal(parseBytes(bad), undefined, `refuses ${JSON.stringify(bad)}`);
  t.equal(formatBytes(0), '0 B');
  t.equal(formatBytes(1536 * KIB), '1.5 MiB');
  t.equal(formatBytes(200 * GIB), '200 GiB');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.constantFrom('K', 'M', 'G'), (size, unit) => {
      const bytes = parseBytes(`${size}${unit}`);
      return bytes !== undefined && bytes >= size * KIB && parseBytes(`${bytes}B`) === bytes;
    }),
  );
  t.end();
});

t.test('deadlines', async (t) => {
  const forever = (signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      });
    });
  await t.rejects(withDeadline(systemClock, 'ask', { timeoutMs: 5 }, forever), DeadlineError);
  const caller = new AbortController();
  const waiting = withDeadline(systemClock, 'ask', { timeoutMs: 60_000, signal: caller.signal }, forever);
  caller.abort(new Error('not wanted any more'));
  await t.rejects(waiting, { message: 'not wanted any more' }, "the caller's signal ends it at once");
  t.equal(await withDeadline(systemClock, 'ask', { timeoutMs: 60_000 }, () => Promise.resolve(7)), 7);
});
