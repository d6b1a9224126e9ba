// Tests virtlockd's leases on the target: held by another process, free, out of reach, or not used by libvirt here.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkLeases } from '../../../../agent/migration/checks/lease.ts';
import { readDefinition } from '../../../../agent/vm/definition.ts';

const never = new AbortController().signal;
const folder = t.testdir({
  'qemu.conf': '#lock_manager = "sanlock"\nlock_manager = "lockd"\n',
  'plain.conf': '',
});
const qemuConf = join(folder, 'qemu.conf');
const lease = { lockspace: 'vms', key: 'web1', path: folder };
const file = join(folder, 'vms', 'web1');

/** A process that locks the file as virtlockd does (virFileLock): a write lock of its first byte. */
async function holdLock(): Promise<ChildProcess> {
  const script = `open(my $f, '+<', $ARGV[0]) or die; my $lock = pack('s s x4 q q l x4', F_WRLCK, SEEK_SET, 0, 1, 0); fcntl($f, F_SETLK, $lock) or die; $| = 1; print 'locked'; sleep 60`;
  const holder = spawn('perl', ['-MFcntl=:DEFAULT,:seek', '-e', script, '--', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return holder;
}

void t.test('a lease that another holds is proof; what is free or out of reach is refused', async (t) => {
  t.strictSame(await checkLeases([], qemuConf, never), [], 'a VM without leases asks for nothing');
  t.match(await checkLeases([lease], qemuConf, never), [
    {
      causeCode: 'MIGRATION_CAUSE_LOCK_NOT_PROVABLE',
      reason: `lease ${file} cannot be tested: No such file or directory`,
    },
  ]);
  mkdirSync(join(folder, 'vms'));
  writeFileSync(file, '');
  t.match(await checkLeases([lease], qemuConf, never), [
    {
      causeCode: 'MIGRATION_CAUSE_LOCK_NOT_PROVABLE',
      reason: `lease ${file} looks free from here while the guest runs on the source`,
    },
  ]);
  const holder = await holdLock();
  t.teardown(() => holder.kill());
  t.strictSame(await checkLeases([lease], qemuConf, never), []);
  t.match(await checkLeases([lease, { ...lease, key: 'web2' }], qemuConf, never), [{ reason: /vms\/web2/ }]);
});

void t.test('a libvirt that takes no leases is refused, whatever the lease shows', async (t) => {
  for (const conf of ['plain.conf', 'absent.conf'])
    t.match(await checkLeases([lease], join(folder, conf), never), [
      {
        causeCode: 'MIGRATION_CAUSE_LOCK_NOT_PROVABLE',
        reason: /libvirt here would not take it/,
        cure: /lock_manager = "lockd"/,
      },
    ]);
});

void t.test('leases are read from a definition', (t) => {
  const xml = `<domain type='qemu'><name>a</name><uuid>u</uuid><devices><lease><lockspace>vms</lockspace><key>web1</key><target path='/srv/leases'/></lease></devices></domain>`;
  t.strictSame(readDefinition(xml).leases, [{ lockspace: 'vms', key: 'web1', path: '/srv/leases' }]);
  t.end();
});
