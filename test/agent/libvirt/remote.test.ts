// Tests the client over TCP and TLS, and migrations from one daemon to another.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { connect, type Connection } from '../../../agent/libvirt/connection.ts';
import {
  DomainState,
  ErrorCode,
  JobOperation,
  JobStatsFlag,
  JobType,
  MigrateFlag,
  RunningReason,
} from '../../../agent/libvirt/constants.ts';
import * as domains from '../../../agent/libvirt/domain.ts';
import { registerEvents } from '../../../agent/libvirt/events.ts';
import * as migration from '../../../agent/libvirt/migration.ts';
import * as node from '../../../agent/libvirt/node.ts';
import type { LibvirtTarget } from '../../../agent/libvirt/transport.ts';
import { systemClock } from '../../../shared/clock.ts';
import {
  giveAway,
  startMigratingLibvirtd,
  startPrivateLibvirtd,
  tinyGuest,
  whyNoLibvirtd,
  type PrivateLibvirtd,
} from './private-libvirtd.ts';
import { busyBootSector, untilBusy } from '../busy-guest.ts';
import { until } from '../../until.ts';
import { freePort } from '../../services.ts';

const wait = { timeoutMs: 20_000 };
const skip = whyNoLibvirtd() ?? false;

async function open(t: Test, target: LibvirtTarget, uri: string): Promise<Connection> {
  const connection = await connect(target, { uri, readOnly: false, clock: systemClock, ...wait });
  t.teardown(() => connection.close());
  return connection;
}

interface Pki {
  readonly directory: string;
  /** Makes NAMEcert.pem and NAMEkey.pem. */
  issue(name: string, ca: string): void;
}

/** Two authorities, `cacert` and `othercert`; everything by openssl, as an operator would. */
function makePki(t: Test): Pki {
  const directory = mkdtempSync(join(tmpdir(), 'ekpki-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  };
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  for (const ca of ['ca', 'other']) {
    const extensions = ['-addext', 'keyUsage=critical,keyCertSign'];
    const files = ['-keyout', `${ca}key.pem`, '-out', `${ca}cert.pem`];
    openssl('req', '-x509', ...key, ...files, '-subj', `/CN=${ca}`, ...extensions);
  }
  writeFileSync(
    join(directory, 'extensions'),
    'subjectAltName=IP:127.0.0.1\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n',
  );
  const issue = (name: string, ca: string): void => {
    openssl('req', ...key, '-keyout', `${name}key.pem`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const signer = ['-CA', `${ca}cert.pem`, '-CAkey', `${ca}key.pem`, '-CAcreateserial', '-days', '2'];
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...signer,
      '-extfile',
      'extensions',
      '-out',
      `${name}cert.pem`,
    );
  };
  return { directory, issue };
}

void t.test(
  'over TLS the daemon and the client authenticate each other by certificate',
  { skip },
  async (t) => {
    const pki = makePki(t);
    pki.issue('server', 'ca');
    pki.issue('client', 'ca');
    pki.issue('stranger', 'other');
    const port = await freePort();
    const file = (name: string): string => join(pki.directory, name);
    giveAway(pki.directory);
    const libvirtd = await startPrivateLibvirtd({
      listenPort: port,
      config: [
        'listen_tls = 1',
        'listen_addr = "127.0.0.1"',
        `tls_port = "${port}"`,
        `ca_file = "${file('cacert.pem')}"`,
        `cert_file = "${file('servercert.pem')}"`,
        `key_file = "${file('serverkey.pem')}"`,
      ],
    });
    t.teardown(() => libvirtd.stop());
    const target = (ca: string, client: string): Extract<LibvirtTarget, { kind: 'tls' }> => ({
      kind: 'tls',
      host: '127.0.0.1',
      port,
      caFile: file(`${ca}cert.pem`),
      certFile: file(`${client}cert.pem`),
      keyFile: file(`${client}key.pem`),
    });
    const connection = await open(t, target('ca', 'client'), 'test:///default');
    t.ok(await node.getHostname(connection, wait));
    await t.rejects(open(t, target('ca', 'stranger'), 'test:///default'), {
      name: 'LibvirtConnectionError',
      message: /did not accept the client certificate .*strangercert.pem/,
    });
    await t.rejects(
      open(t, target('other', 'client'), 'test:///default'),
      { name: 'LibvirtConnectionError', message: /check that .*othercert.pem signed/ },
      'a server of another authority',
    );
    const mixed = { ...target('ca', 'client'), keyFile: file('strangerkey.pem') };
    await t.rejects(open(t, mixed, 'test:///default'), /check .*clientcert.pem and .*strangerkey.pem/);
  },
);

async function startHost(t: Test): Promise<PrivateLibvirtd & { readonly uri: string }> {
  const libvirtd = await startMigratingLibvirtd();
  t.teardown(() => libvirtd.stop());
  return libvirtd;
}

/** A guest that rewrites its memory, on a disk that any daemon may read. */
function busyGuest(name: string, { directory }: PrivateLibvirtd): string {
  const image = join(directory, 'images', 'busy.img');
  const floppyBytes = 1440 * 1024;
  // Three quarters of its 16 MiB.
  writeFileSync(image, Buffer.concat([busyBootSector(12)], floppyBytes));
  giveAway(image);
  return tinyGuest(
    name,
    `<disk type='file' device='floppy'><driver name='qemu' type='raw'/><source file='${image}'/>
    <target dev='fda'/><readonly/><boot order='1'/></disk>`,
  );
}

/** Resolves once memory is being copied, with the job as it then is. */
function untilCopying(connection: Connection, guest: domains.DomainRef): Promise<migration.JobStats> {
  return until('memory to be copied', async () => {
    const job = await migration.getJobStats(connection, guest, 0, wait);
    return job.type !== JobType.none && (job.memoryProcessedBytes ?? 0) > 0 ? job : undefined;
  });
}

void t.test('a running guest moves from one daemon to the other', { skip }, async (t) => {
  const source = await startHost(t);
  const destination = await startHost(t);
  const { port } = new URL(destination.uri);
  const commands = await open(t, source.target, 'qemu:///session');
  const worker = await open(t, source.target, 'qemu:///session');
  const other = await open(t, { kind: 'tcp', host: '127.0.0.1', port: Number(port) }, 'qemu:///session');
  const guest = await domains.createXml(commands, busyGuest('mover', source), 0, wait);
  await untilBusy(commands, guest);
  const request = {
    destinationUri: destination.uri,
    flags: MigrateFlag.live | MigrateFlag.persistDest | MigrateFlag.undefineSource,
    params: { migrateUri: 'tcp://127.0.0.1', listenAddress: '127.0.0.1', bandwidthBytesPerSecond: 1024 ** 2 },
  };

  await t.test('but not to nowhere, and not to itself', async (t) => {
    const to = (destinationUri: string, flags = 0): Promise<void> =>
      migration.migratePeerToPeer(worker, guest, { destinationUri, flags }, wait);
    await t.rejects(to('host-b'), /is not a URI/);
    await t.rejects(to('qemu+tcp://localhost/system'), /must name another host/);
    await t.rejects(to('qemu+tcp://b/system', MigrateFlag.tunnelled | MigrateFlag.parallel), /exclude/);
    await t.rejects(to(source.uri), { name: 'LibvirtError' });
  });

  await t.test('until it is told to stop, which leaves it where it was', async (t) => {
    const moving = migration.migratePeerToPeer(worker, guest, request, wait);
    const failed = t.rejects(moving, { code: ErrorCode.operationAborted });
    const job = await untilCopying(commands, guest);
    t.match(job, { type: JobType.unbounded, operation: JobOperation.migrationOut, memoryPageBytes: 4096 });
    t.ok((job.memoryTotalBytes ?? 0) >= 16 * 1024 ** 2);
    await migration.abortJob(commands, guest, wait);
    await failed;
    t.match(await domains.getState(commands, guest, wait), { state: DomainState.running });
    await t.rejects(domains.lookupByUuid(other, guest.uuid, wait), { code: ErrorCode.noDomain });
  });

  await t.test('and arrives running, told by events on both sides', async (t) => {
    const seen: string[] = [];
    const watch = (side: string, connection: Connection): Promise<unknown> =>
      registerEvents(
        connection,
        ['lifecycle', 'jobCompleted', 'migrationIteration'],
        (event) => {
          seen.push(
            event.kind === 'lifecycle' ? `${side} ${event.change}/${event.detail}` : `${side} ${event.kind}`,
          );
        },
        wait,
      );
    await watch('source', commands);
    await watch('destination', other);
    const moving = migration.migratePeerToPeer(worker, guest, request, wait);
    await untilCopying(commands, guest);
    await migration.setMaxSpeed(commands, guest, { bytesPerSecond: 1024 ** 3 }, wait);
    await moving;
    t.match(await domains.getState(other, guest, wait), {
      state: DomainState.running,
      reason: RunningReason.migrated,
    });
    await t.rejects(domains.lookupByUuid(commands, guest.uuid, wait), { code: ErrorCode.noDomain });
    const flags = JobStatsFlag.completed | JobStatsFlag.keepCompleted;
    const completed = await migration.getJobStats(other, guest, flags, wait);
    t.match(completed, { type: JobType.completed, operation: JobOperation.migrationIn });
    t.ok((completed.downtimeMs ?? 0) > 0 && (completed.elapsedMs ?? 0) >= (completed.downtimeMs ?? 0));
    await until('the final figures', () => seen.includes('source jobCompleted'));
    for (const event of [
      'destination started/migrated',
      'source migrationIteration',
      'source suspended/migrated',
      'destination resumed/migrated',
      'source stopped/migrated',
      'source jobCompleted',
    ]) {
      t.ok(seen.includes(event), event);
    }
    await domains.destroy(other, guest, 0, wait);
    await domains.undefine(other, guest, 0, wait);
  });
});
