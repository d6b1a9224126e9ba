// Tests the lab's decisions without a lab: addresses, the parts of the guest image, control groups, recovery.
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { limitFiles, parseHierarchies, type Hierarchy } from '../../lab/hosts/cgroup.ts';
import { subjects } from '../../lab/services/certificates.ts';
import { productionPackages } from '../../lab/services/code.ts';
import { writeCpio } from '../../lab/image/cpio.ts';
import { initramfsEntries, moduleLoadOrder } from '../../lab/image/guest-image.ts';
import { hostFiles } from '../../lab/hosts/host-files.ts';
import { parseLedger, undoSteps, withEntry, withoutOwners, type Ledger } from '../../lab/kernel/ledger.ts';
import { writeMbr } from '../../lab/image/mbr.ts';
import { formatStat, nextCounters, parseCpuStat } from '../../lab/hosts/proc-stat.ts';
import { parseVmList } from '../../lab/status.ts';
import { tlsFiles } from '../../lab/hosts/tls-files.ts';
import { guestAddress, guestMac, hosts, isHostName, labHost, pool } from '../../lab/topology.ts';
import { skipWithout } from '../services.ts';

/** Checks the property as one assertion; a failure's text has the seed and the smallest counterexample. */
function holds<T>(t: Test, property: fc.IProperty<T>, parameters: fc.Parameters<T> = {}): void {
  t.doesNotThrow(() => {
    fc.assert(property, parameters);
  });
}

t.test('topology', (t) => {
  t.test('a guest has one number in its MAC and its address', (t) => {
    t.equal(guestMac(101), '52:54:00:4d:00:65');
    t.equal(guestAddress(101), '10.77.0.101');
    t.equal(guestMac(199), '52:54:00:4d:00:c7');
    t.end();
  });
  t.test('refuses guest numbers whose address is a host or outside the network', (t) => {
    for (const number of [11, 100, 200, 256, 101.5, Number.NaN]) {
      t.throws(() => guestMac(number), /101 to 199/);
      t.throws(() => guestAddress(number), /101 to 199/);
    }
    t.end();
  });
  t.test('hosts share no name, address or identity, and keep it from run to run', (t) => {
    for (const field of ['name', 'address', 'uuid', 'machineId', 'libvirtUri'] as const) {
      t.equal(new Set(hosts.map((host) => host[field])).size, hosts.length, field);
    }
    t.equal(labHost('kvm1').uuid, '9bab3284-2059-8a57-8afa-ad69d4f53f76');
    t.match(labHost('kvm2').machineId, /^[0-9a-f]{32}$/);
    t.end();
  });
  t.test('knows its host names only', (t) => {
    t.ok(isHostName('kvm3'));
    t.notOk(isHostName('kvm4'));
    t.end();
  });
  t.end();
});

t.test('a host', (t) => {
  t.test('runs the units listed for it and none of the machine', (t) => {
    const wanted = hostFiles(labHost('kvm1'), false)
      .filter(({ path }) => path.includes('.wants/'))
      .map(({ path }) => path.split('/').at(-1));
    t.strictSame(wanted.sort(), [
      'evenkeel-lab-view.service',
      'libvirtd-admin.socket',
      'libvirtd-ro.socket',
      'libvirtd-tcp.socket',
      'libvirtd.service',
      'libvirtd.socket',
      'systemd-networkd.service',
      'systemd-networkd.socket',
      'virtlockd.socket',
      'virtlogd.socket',
    ]);
    t.end();
  });
  t.test('knows the others by name and itself by its own address and UUID', (t) => {
    const text = (path: string): string => {
      const file = hostFiles(labHost('kvm2'), false).find((entry) => entry.path === path);
      return file?.kind === 'file' ? file.content : '';
    };
    for (const { name, address } of hosts) t.match(text('/etc/hosts'), `${address} ${name}\n`);
    t.match(text('/etc/systemd/network/10-br0.network'), 'Address=10.77.0.12/24');
    t.match(text('/etc/libvirt/libvirtd.conf'), `host_uuid = "${labHost('kvm2').uuid}"`);
    t.match(text('/etc/libvirt/storage/shared.xml'), `<path>${pool.path}</path>`);
    t.end();
  });
  t.test('has, for migrations over TLS, what libvirt and QEMU look for in both their roles', (t) => {
    const files = tlsFiles(labHost('kvm2'), { ca: 'CA', cert: 'CERT', key: 'KEY' });
    const text = (path: string): string => {
      const file = files.find((entry) => entry.path === path);
      return file?.kind === 'file' ? file.content : '';
    };
    t.equal(text('/etc/pki/CA/cacert.pem'), 'CA');
    t.equal(text('/etc/pki/libvirt-migrate/ca-cert.pem'), 'CA');
    for (const role of ['server', 'client']) {
      t.equal(text(`/etc/pki/libvirt/${role}cert.pem`), 'CERT');
      t.equal(text(`/etc/pki/libvirt/private/${role}key.pem`), 'KEY');
      t.equal(text(`/etc/pki/libvirt-migrate/${role}-cert.pem`), 'CERT');
      t.equal(text(`/etc/pki/libvirt-migrate/${role}-key.pem`), 'KEY');
    }
    t.match(text('/etc/systemd/system/libvirtd-tls.socket.d/lab.conf'), 'ListenStream=10.77.0.12:16514');
    t.end();
  });
  t.test('has a certificate for its name and its address', (t) => {
    for (const { name, address } of hosts) {
      const subject = subjects.find((candidate) => candidate.name === name);
      t.ok(subject?.altNames.includes(`DNS:${name}`));
      t.ok(subject?.altNames.includes(`IP:${address}`));
    }
    t.end();
  });
  t.end();
});

t.test('the guest image', (t) => {
  const needs = skipWithout('busybox');
  t.test('another cpio reads its initramfs as it was written', { skip: needs }, (t) => {
    const content = fc.uint8Array({ maxLength: 300 });
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/);
    holds(
      t,
      fc.property(fc.uniqueArray(name, { maxLength: 6 }), content, (names, bytes) => {
        const files = names.map(
          (path) => ({ kind: 'file', path, content: bytes, executable: true }) as const,
        );
        const archive = writeCpio([...files, { kind: 'symlink', path: 'z-link', target: 'here' }]);
        const read = spawnSync('busybox', ['cpio', '-t'], { input: archive, encoding: 'utf8' });
        const listed = read.stdout.split('\n').filter(Boolean);
        return read.status === 0 && listed.join() === [...names, 'z-link'].join();
      }),
      { numRuns: 20 },
    );
    t.end();
  });
  t.test('every member of the archive starts on a multiple of four', (t) => {
    const archive = writeCpio(
      initramfsEntries({
        init: Buffer.from('#'),
        busybox: Buffer.from('12345'),
        guestd: Buffer.alloc(0),
        modules: [Buffer.from('abc')],
      }),
    );
    for (let at = archive.indexOf('070701'); at !== -1; at = archive.indexOf('070701', at + 1))
      t.equal(at % 4, 0);
    t.equal(archive.length % 4, 0);
    t.end();
  });
  t.test(
    'its first sector holds boot code, one active partition to the end of the disk, and the signature',
    (t) => {
      const record = writeMbr(Buffer.alloc(440, 0x90), 40 * 1024 ** 2);
      t.equal(record.length, 512);
      t.equal(record.readUInt8(0), 0x90);
      t.equal(record.readUInt8(446), 0x80);
      t.equal(record.readUInt32LE(454), 2048);
      t.equal(record.readUInt32LE(458) + 2048, (40 * 1024 ** 2) / 512);
      t.equal(record.readUInt16LE(510), 0xaa55);
      t.throws(() => writeMbr(Buffer.alloc(447), 40 * 1024 ** 2), /446/);
      t.throws(() => writeMbr(Buffer.alloc(0), 1024), /too small/);
      t.end();
    },
  );
  t.test('loads each module after all that it needs, and each once', (t) => {
    const dep = [
      'kernel/a/virtio_net.ko: kernel/a/net_failover.ko kernel/a/failover.ko kernel/a/virtio.ko',
      'kernel/a/net_failover.ko: kernel/a/failover.ko',
      'kernel/a/failover.ko:',
      'kernel/a/virtio.ko:',
      'kernel/a/virtio_blk.ko: kernel/a/virtio.ko',
    ].join('\n');
    const order = moduleLoadOrder(dep, 'kernel/b/evdev.ko\n', ['virtio_blk', 'virtio_net', 'evdev']);
    t.equal(new Set(order).size, order.length);
    t.strictSame(order, [
      'kernel/a/virtio.ko',
      'kernel/a/virtio_blk.ko',
      'kernel/a/failover.ko',
      'kernel/a/net_failover.ko',
      'kernel/a/virtio_net.ko',
    ]);
    t.throws(() => moduleLoadOrder(dep, '', ['evdev']), /evdev: not in this kernel/);
    t.end();
  });
  t.end();
});

t.test('control groups', (t) => {
  const v1 = [
    '30 1 0:25 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
    '31 30 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct',
    '32 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '33 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd',
    '34 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    '35 30 0:27 /elsewhere /mnt/container/memory rw - cgroup cgroup rw,memory',
  ].join('\n');
  const v2 = '42 30 0:29 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
  const limits = { cpuCores: 1, cpuShares: 256, memoryBytes: 2 ** 31 };
  const filesOf = (hierarchies: readonly Hierarchy[]): string[] =>
    hierarchies.flatMap((hierarchy) =>
      limitFiles(hierarchy, limits).map(([file, value]) => `${file}=${value}`),
    );

  t.test('finds the hierarchies of version 1, systemd and hybrid ones included, each once', (t) => {
    const found = parseHierarchies(v1);
    t.strictSame(
      found.map(({ path, controllers }) => [path, controllers.join()]),
      [
        ['/sys/fs/cgroup/cpu,cpuacct', 'cpu,cpuacct'],
        ['/sys/fs/cgroup/memory', 'memory'],
        ['/sys/fs/cgroup/systemd', ''],
        ['/sys/fs/cgroup/unified', ''],
      ],
    );
    t.end();
  });
  t.test('limits a host to one core and its memory on version 1', (t) => {
    t.strictSame(filesOf(parseHierarchies(v1).filter(({ version }) => version === 1)), [
      'cpu.shares=256',
      'cpu.cfs_period_us=100000',
      'cpu.cfs_quota_us=100000',
      'memory.limit_in_bytes=2147483648',
    ]);
    t.end();
  });
  t.test('limits a host to one core and its memory on the unified hierarchy', (t) => {
    t.strictSame(filesOf(parseHierarchies(v2)), [
      'cpu.weight=11',
      'cpu.max=100000 100000',
      'memory.max=2147483648',
    ]);
    t.end();
  });
  t.end();
});

t.test('/proc/stat of a host, where lxcfs has none', (t) => {
  const text = 'usage_usec 3000000\nuser_usec 2000000\nsystem_usec 1000000\nnr_periods 5\n';
  const ticks = (stat: string): number[] =>
    (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').trim().split(/\s+/).map(Number);

  t.test('counts from its first reading: what was used, and the rest of its cores as idle', (t) => {
    const first = nextCounters(undefined, parseCpuStat(text), 1_000, 1);
    const later = nextCounters(first, { userUs: 2_500_000, systemUs: 1_100_000 }, 3_000, 1);
    t.strictSame(ticks(formatStat(first, 1)).slice(0, 4), [0, 0, 0, 0]);
    t.strictSame(ticks(formatStat(later, 1)).slice(0, 4), [50, 0, 10, 140]);
    t.equal(formatStat(later, 1).match(/^cpu\d+ /gm)?.length, 1);
    t.equal(formatStat(later, 1).length, formatStat(first, 1).length);
    t.end();
  });
  t.test('never falls while it is the same group, and starts again with a new one', (t) => {
    const step = fc.record({
      userUs: fc.nat(200_000),
      systemUs: fc.nat(200_000),
      elapsedMs: fc.integer({ min: 1, max: 300 }),
    });
    holds(
      t,
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        let time = { userUs: 5, systemUs: 7 };
        let nowMs = 0;
        let counters = nextCounters(undefined, time, nowMs, 1);
        return steps.every(({ userUs, systemUs, elapsedMs }) => {
          time = { userUs: time.userUs + userUs, systemUs: time.systemUs + systemUs };
          nowMs += elapsedMs;
          const next = nextCounters(counters, time, nowMs, 1);
          const rises =
            next.userUs >= counters.userUs &&
            next.systemUs >= counters.systemUs &&
            next.idleUs >= counters.idleUs;
          counters = next;
          return rises;
        });
      }),
    );
    const old = nextCounters(undefined, { userUs: 900, systemUs: 900 }, 0, 1);
    t.match(nextCounters(old, { userUs: 10, systemUs: 10 }, 500, 1), {
      userUs: 0,
      systemUs: 0,
      firstAtMs: 500,
    });
    t.end();
  });
  t.end();
});

t.test('recovery', (t) => {
  const entry = fc.record({
    owner: fc.constantFrom('network', 'nats', 'kvm1', 'kvm2'),
    kind: fc.constantFrom('group', 'mount', 'link'),
    name: fc.constantFrom('/lab/a', '/lab/a/b', '/lab/c', 'evenkeel0', 'kvm1'),
  });
  const ledgers = fc
    .array(entry, { maxLength: 12 })
    .map((entries) => entries.reduce<Ledger>(withEntry, { bootId: 'boot', entries: [] }));
  const mounts = fc.subarray(['/', '/home', '/lab/a', '/lab/a/b', '/lab/a/b/c', '/lab/ab', '/lab/c']);

  t.test('touches only what the ledger names', (t) => {
    holds(
      t,
      fc.property(ledgers, mounts, (ledger, present) => {
        const named = (kind: string, name: string): boolean =>
          ledger.entries.some((item) => item.kind === kind && item.name === name);
        return undoSteps(ledger, present).every((step) => {
          switch (step.kind) {
            case 'end':
            case 'removeGroup':
              return named('group', step.group);
            case 'removeLink':
              return named('link', step.name);
            case 'unmount':
              return ledger.entries.some(
                ({ kind, name }) => kind === 'mount' && `${step.path}/`.startsWith(`${name}/`),
              );
          }
        });
      }),
    );
    t.end();
  });
  t.test('ends processes first, unmounts inner mounts before outer ones, then groups, then links', (t) => {
    const rank = { end: 0, unmount: 1, removeGroup: 2, removeLink: 3 } as const;
    holds(
      t,
      fc.property(ledgers, mounts, (ledger, present) => {
        const steps = undoSteps(ledger, present);
        const ranks = steps.map(({ kind }) => rank[kind]);
        const paths = steps.flatMap((step) => (step.kind === 'unmount' ? [step.path] : []));
        return (
          ranks.every((value, index) => index === 0 || value >= (ranks[index - 1] ?? 0)) &&
          paths.every(
            (path, index) => !paths.slice(0, index).some((earlier) => path.startsWith(`${earlier}/`)),
          )
        );
      }),
    );
    t.end();
  });
  t.test('of one part leaves the others alone', (t) => {
    holds(
      t,
      fc.property(ledgers, mounts, (ledger, present) => {
        const rest = withoutOwners(ledger, ['kvm1']);
        return (
          rest.entries.every(({ owner }) => owner !== 'kvm1') &&
          undoSteps(rest, present, ['kvm1']).length === 0 &&
          undoSteps(ledger, present, ['kvm1']).length <= undoSteps(ledger, present).length
        );
      }),
    );
    t.end();
  });
  t.test('has nothing to undo after a reboot, and refuses a file that is not a ledger', (t) => {
    const stored = JSON.stringify({
      bootId: 'before',
      entries: [{ owner: 'a', kind: 'link', name: 'evenkeel0' }],
    });
    t.equal(parseLedger(stored, 'before').entries.length, 1);
    t.equal(parseLedger(stored, 'after').entries.length, 0);
    t.equal(parseLedger(undefined, 'after').entries.length, 0);
    t.throws(() => parseLedger('{"entries":[{"kind":"folder"}]}', 'after'), /not a ledger/);
    t.end();
  });
  t.end();
});

t.test('reads the list of VMs with their states, also of two words', (t) => {
  const text = ' Id   Name   State\n----------------------\n 2    g2     running\n -    old    shut off\n\n';
  t.strictSame(parseVmList(text), [
    { name: 'g2', state: 'running' },
    { name: 'old', state: 'shut off' },
  ]);
  t.end();
});

t.test('stages the packages that a user installs, nested ones too, and no development tools', (t) => {
  const lock = {
    packages: {
      '': {},
      'node_modules/nats': {},
      'node_modules/nats/node_modules/nkeys': {},
      'node_modules/typescript': { dev: true },
      'node_modules/both': { devOptional: true },
    },
  };
  t.strictSame(productionPackages(JSON.stringify(lock)), [
    'node_modules/nats',
    'node_modules/nats/node_modules/nkeys',
  ]);
  t.throws(() => productionPackages('[]'), /npm install/);
  t.end();
});
