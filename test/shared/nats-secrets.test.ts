// Tests how secrets for NATS are given: from files, and never in an address or an error.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { connectNats } from '../../shared/nats.ts';
import { checkNats, type NatsSettings } from '../../shared/settings.ts';
import { messageOf } from '../../shared/errors.ts';

const EMPTY: NatsSettings = {
  servers: ['nats://127.0.0.1:4222'],
  ...{ user: '', passwordFile: '', tokenFile: '', credentialsFile: '', caFile: '' },
};

void t.test('a secret in an address is refused by name of the setting, and not repeated', (t) => {
  for (const server of [
    'nats://keel:s3cret@10.0.0.1:4222',
    'keel:s3cret@10.0.0.1',
    'tls://s3cret@10.0.0.1:4222',
  ])
    try {
      checkNats({ ...EMPTY, servers: ['nats://10.0.0.1', server] });
      t.fail(`${server} is accepted`);
    } catch (error) {
      t.match(messageOf(error), /^nats\.servers: .*nats\.passwordFile, nats\.tokenFile/);
      t.notMatch(messageOf(error), /s3cret/);
    }
  t.throws(
    () => {
      checkNats({ ...EMPTY, user: 'keel' });
    },
    { message: /^nats\.user: needs nats\.passwordFile/ },
  );
  t.throws(
    () => {
      checkNats({ ...EMPTY, user: 'keel', passwordFile: '/p', tokenFile: '/t' });
    },
    { message: /only one/ },
  );
  t.doesNotThrow(() => {
    checkNats(EMPTY);
  });
  t.end();
});

void t.test('a file that cannot be read is named', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-nats-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'password'), 's3cret\n');
  await t.rejects(connectNats({ ...EMPTY, tokenFile: '/none/token' }, 'test', 1_000), {
    message: /\/none\/token/,
  });
  const servers = ['nats://127.0.0.1:1'];
  const settings = { ...EMPTY, servers, user: 'keel', passwordFile: join(folder, 'password') };
  const error = await connectNats(settings, 'test', 1_000).then(() => 'connected', messageOf);
  t.match(error, /nats\.servers/);
  t.notMatch(error, /s3cret/);
});
