// Tests the typed calls against a real libvirtd: the test driver and, where a guest is needed, QEMU.
import t, { type Test } from 'tap';
import { connect, type Connection } from '../../../agent/libvirt/connection.ts';
import {
  Affect,
  BaselineCpuFlag,
  CompareCpuFlag,
  ControlState,
  CpuComparison,
  CreateFlag,
  DefineFlag,
  DestroyFlag,
  DirtyRateMode,
  DirtyRateStatus,
  DomainState,
  ErrorCode,
  Feature,
  JobType,
  ListDomainsFlag,
  ListInterfacesFlag,
  ListNetworksFlag,
  ListPoolsFlag,
  PausedReason,
  PoolState,
  RunningReason,
  ShutdownFlag,
  ShutoffReason,
  StatsFlag,
  StatsGroup,
  UndefineFlag,
  VcpuState,
  VolumeCreateFlag,
  VolumeDeleteFlag,
  VolumeType,
  XmlFlag,
} from '../../../agent/libvirt/constants.ts';
import * as domains from '../../../agent/libvirt/domain.ts';
import { isLibvirtError, LibvirtError } from '../../../agent/libvirt/errors.ts';
import { deregisterEvents, registerEvents, type LibvirtEvent } from '../../../agent/libvirt/events.ts';
import * as migration from '../../../agent/libvirt/migration.ts';
import * as networks from '../../../agent/libvirt/network.ts';
import * as node from '../../../agent/libvirt/node.ts';
import { getAllDomainStats } from '../../../agent/libvirt/stats.ts';
import * as storage from '../../../agent/libvirt/storage.ts';
import { systemClock } from '../../../shared/clock.ts';
import { giveAway, startPrivateLibvirtd, tinyGuest, whyNoLibvirtd } from './private-libvirtd.ts';
import { until } from '../../until.ts';

const wait = { timeoutMs: 20_000 };
const skip = whyNoLibvirtd() ?? false;

void t.test('a real libvirtd', { skip }, async (t) => {
  const libvirtd = await startPrivateLibvirtd();
  t.teardown(() => libvirtd.stop());
  const open = async (t: Test, uri: string, readOnly = false): Promise<Connection> => {
    const connection = await connect(libvirtd.target, { uri, readOnly, clock: systemClock, ...wait });
    t.teardown(() => connection.close());
    return connection;
  };

  await t.test('describes the host', async (t) => {
    const test = await open(t, 'test:///default');
    t.equal(await node.getType(test, wait), 'TEST');
    t.equal(await node.getUri(test, wait), 'test:///default');
    t.match(await node.getNodeInfo(test, wait), { model: 'i686', cpus: 16, mhz: 1400, nodes: 2, cores: 2 });
    t.equal((await node.getNodeInfo(test, wait)).memoryBytes, 3 * 1024 ** 3, 'KiB became bytes');

    const qemu = await open(t, 'qemu:///session');
    t.ok((await node.getVersion(qemu, wait)) >= 4_000_000, 'QEMU 4 or later');
    t.ok((await node.getLibVersion(qemu, wait)) >= 7_000_000, 'libvirt 7 or later');
    t.match(await node.getHostname(qemu, wait), /./);
    t.match(await node.getCapabilities(qemu, wait), /<host>\s*<uuid>/);
    t.match(
      await node.getDomainCapabilities(qemu, { arch: 'x86_64', virtType: 'qemu' }, wait),
      /<domainCapabilities>/,
    );
    t.equal(await node.supportsFeature(qemu, Feature.migrationParams, wait), true);
    t.equal(await node.supportsFeature(qemu, Feature.migrationP2p, wait), true);
    t.ok((await node.getFreeMemoryBytes(qemu, wait)) > 1024 ** 2);
  });

  await t.test('host counters come in milliseconds and bytes', async (t) => {
    const qemu = await open(t, 'qemu:///session');
    const cpu = await node.getCpuStats(qemu, wait);
    t.same(Object.keys(cpu).sort(), ['idleMs', 'iowaitMs', 'kernelMs', 'userMs']);
    const busyAndIdleMs = (cpu.idleMs ?? 0) + (cpu.userMs ?? 0) + (cpu.kernelMs ?? 0) + (cpu.iowaitMs ?? 0);
    const { cpus } = await node.getNodeInfo(qemu, wait);
    const uptimeMs = systemClock.monotonicMs();
    t.ok(busyAndIdleMs > uptimeMs, 'the machine is up for longer than this process');
    t.ok(busyAndIdleMs < cpus * 10 * 365 * 86_400_000, 'and for less than ten years');
    const memory = await node.getMemoryStats(qemu, wait);
    t.ok((memory.totalBytes ?? 0) > (memory.freeBytes ?? 0), 'memory in use');
    t.ok((memory.freeBytes ?? 0) > 1024 ** 2, 'bytes, not KiB');
    t.same(Object.keys(memory).sort(), ['buffersBytes', 'cachedBytes', 'freeBytes', 'totalBytes']);
  });

  await t.test('compares and joins CPU models', async (t) => {
    const qemu = await open(t, 'qemu:///session');
    const [hostCpu = ''] = /<cpu>.*?<\/cpu>/s.exec(await node.getCapabilities(qemu, wait)) ?? [];
    const same = await node.compareCpu(qemu, hostCpu, 0, wait);
    t.ok(same === CpuComparison.identical || same === CpuComparison.superset, 'the host matches its own CPU');
    t.match(await node.baselineCpu(qemu, [hostCpu, hostCpu], BaselineCpuFlag.migratable, wait), /<cpu/);

    const machine = { arch: 'x86_64', virtType: 'qemu' };
    const plain = `<cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>`;
    const joined = await node.baselineHypervisorCpu(
      qemu,
      { ...machine, cpuXmls: [plain, plain], flags: 0 },
      wait,
    );
    t.match(joined, /qemu64/);
    const question = { ...machine, cpuXml: plain, flags: 0 };
    t.not(await node.compareHypervisorCpu(qemu, question, wait), CpuComparison.incompatible);
    const impossible = `<cpu mode='custom' match='exact'><model fallback='forbid'>POWER9</model></cpu>`;
    await t.rejects(
      node.compareHypervisorCpu(
        qemu,
        { ...machine, cpuXml: impossible, flags: CompareCpuFlag.failIncompatible },
        wait,
      ),
      LibvirtError,
    );
  });

  await t.test('a domain lives from definition to removal, and every change is an event', async (t) => {
    const test = await open(t, 'test:///default');
    const events: string[] = [];
    const registration = await registerEvents(
      test,
      ['lifecycle'],
      (event) => {
        if (event.kind === 'lifecycle') {
          events.push(`${event.domain.name} ${event.change}/${event.detail}`);
        }
      },
      wait,
    );
    const xml = `<domain type='test'><name>life</name><memory unit='KiB'>65536</memory><os><type>hvm</type></os></domain>`;
    const defined = await domains.define(test, xml, DefineFlag.validate, wait);
    t.equal(defined.id, -1);
    t.match(await domains.getState(test, defined, wait), { state: DomainState.shutoff });
    const started = await domains.start(test, defined, 0, wait);
    t.ok(started.id > 0);
    t.same(await domains.getState(test, started, wait), {
      state: DomainState.running,
      reason: RunningReason.booted,
    });
    t.equal((await domains.getInfo(test, started, wait)).memoryBytes, 65_536 * 1024);
    await domains.suspend(test, started, wait);
    t.same(await domains.getState(test, started, wait), {
      state: DomainState.paused,
      reason: PausedReason.user,
    });
    await domains.resume(test, started, wait);
    await domains.shutdown(test, started, 0, wait);
    await domains.rename(test, started, 'life2', wait);
    const renamed = await domains.lookupByName(test, 'life2', wait);
    t.equal(renamed.uuid, defined.uuid);
    t.same(await domains.lookupByUuid(test, defined.uuid.toUpperCase(), wait), renamed);
    t.match(await domains.getXml(test, domains.domainByUuid(defined.uuid), XmlFlag.inactive, wait), /life2/);
    await domains.undefine(test, renamed, UndefineFlag.managedSave, wait);
    await until('the event of the undefinition', () => events.includes('life2 undefined/removed'));
    await deregisterEvents(test, registration, wait);
    t.same(events, [
      'life defined/added',
      'life started/booted',
      'life suspended/paused',
      'life resumed/unpaused',
      'life stopped/shutdown',
      'life undefined/renamed',
      'life2 defined/renamed',
      'life2 undefined/removed',
    ]);
  });

  await t.test('a refusal has a code and a text', async (t) => {
    const test = await open(t, 'test:///default');
    const missing = domains.lookupByName(test, 'nobody-home', wait);
    await t.rejects(missing, { name: 'LibvirtError', code: ErrorCode.noDomain, message: 'Domain not found' });
    const malformed = domains.define(test, '<domain', 0, wait);
    await t.rejects(malformed, { name: 'LibvirtError', code: ErrorCode.xmlDetail });
    await t.rejects(domains.lookupByUuid(test, 'no uuid', wait), RangeError, 'before anything is sent');
    await t.rejects(domains.lookupByName(test, 'test\0er', wait), RangeError, 'names are not cut at a NUL');
    const [still] = await domains.listDomains(test, ListDomainsFlag.active, wait);
    t.equal(still?.name, 'test', 'the connection is usable as before');
  });

  await t.test('a read-only connection changes nothing', async (t) => {
    const test = await open(t, 'test:///default', true);
    const tester = await domains.lookupByName(test, 'test', wait);
    await t.rejects(domains.suspend(test, tester, wait), { code: ErrorCode.operationDenied });
    t.match(await domains.getXml(test, tester, 0, wait), /<name>test<\/name>/);
  });

  await t.test('lists networks, their bridges, and the interfaces of the host', async (t) => {
    const test = await open(t, 'test:///default');
    const [network] = await networks.listNetworks(test, ListNetworksFlag.active, wait);
    t.equal(network?.name, 'default');
    t.same(await networks.lookupNetworkByName(test, 'default', wait), network);
    await t.rejects(networks.lookupNetworkByName(test, 'nowhere', wait), { code: ErrorCode.noNetwork });
    if (network !== undefined) {
      t.equal(await networks.isNetworkActive(test, network, wait), true);
      t.equal(await networks.getNetworkBridge(test, network, wait), 'virbr0');
      t.match(await networks.getNetworkXml(test, network, wait), /<bridge name='virbr0'/);
    }
    const [eth1] = await networks.listInterfaces(test, ListInterfacesFlag.active, wait);
    t.same(eth1, { name: 'eth1', mac: 'aa:bb:cc:dd:ee:ff' });
    if (eth1 !== undefined) {
      t.equal(await networks.isInterfaceActive(test, eth1, wait), true);
    }
  });

  await t.test('keeps pools and volumes', async (t) => {
    const qemu = await open(t, 'qemu:///session');
    const path = `${libvirtd.directory}/images`;
    giveAway(path);
    const xml = `<pool type='dir'><name>images</name><target><path>${path}</path></target></pool>`;
    const pool = await storage.createPool(qemu, xml, wait);
    t.same(await storage.listPools(qemu, ListPoolsFlag.active, wait), [pool]);
    t.same(await storage.lookupPoolByName(qemu, 'images', wait), pool);
    await t.rejects(storage.lookupPoolByName(qemu, 'nowhere', wait), { code: ErrorCode.noStoragePool });
    const info = await storage.getPoolInfo(qemu, pool, wait);
    t.equal(info.state, PoolState.running);
    t.ok(info.capacityBytes >= info.availableBytes);
    t.match(await storage.getPoolXml(qemu, pool, wait), path);

    const volumeXml = (name: string): string =>
      `<volume><name>${name}</name><capacity unit='MiB'>1</capacity><target><format type='qcow2'/></target></volume>`;
    const base = await storage.createVolume(
      qemu,
      pool,
      { xml: volumeXml('base.qcow2'), flags: VolumeCreateFlag.preallocMetadata },
      wait,
    );
    await t.rejects(
      storage.createVolume(qemu, pool, { xml: volumeXml('base.qcow2'), flags: 0 }, wait),
      { code: ErrorCode.storageVolumeExists },
      'a name can be used only once',
    );
    const clone = await storage.createVolumeFrom(
      qemu,
      pool,
      { xml: volumeXml('clone.qcow2'), from: base, flags: 0 },
      wait,
    );
    t.match(await storage.getVolumeInfo(qemu, clone, wait), {
      type: VolumeType.file,
      capacityBytes: 1024 ** 2,
    });
    t.equal(await storage.getVolumePath(qemu, clone, wait), `${path}/clone.qcow2`);
    t.same(await storage.lookupVolumeByPath(qemu, `${path}/clone.qcow2`, wait), clone);
    t.same(await storage.lookupVolumeByName(qemu, pool, 'clone.qcow2', wait), clone);
    const names = (await storage.listVolumes(qemu, pool, wait)).map((volume) => volume.name);
    t.same(names.sort(), ['base.qcow2', 'clone.qcow2']);
    await storage.deleteVolume(qemu, clone, 0, wait);
    await t.rejects(storage.deleteVolume(qemu, base, VolumeDeleteFlag.zeroed, wait), LibvirtError);
    await storage.deleteVolume(qemu, base, 0, wait);
    await t.rejects(storage.lookupVolumeByName(qemu, pool, 'base.qcow2', wait), {
      code: ErrorCode.noStorageVolume,
    });
    await storage.refreshPool(qemu, pool, wait);
    await storage.destroyPool(qemu, pool, wait);
  });

  await t.test('runs a guest in QEMU', async (t) => {
    const qemu = await open(t, 'qemu:///session');
    const events: LibvirtEvent[] = [];
    await registerEvents(
      qemu,
      ['lifecycle', 'metadataChange', 'balloonChange', 'connectionClosed'],
      (event) => {
        events.push(event);
      },
      wait,
    );
    const disk = `<disk type='file' device='cdrom'><target dev='hdc'/><readonly/></disk>
      <interface type='user'><model type='e1000'/></interface>`;
    const paused = await domains.createXml(qemu, tinyGuest('guest', disk), CreateFlag.paused, wait);

    await t.test('with statistics in bytes and milliseconds', async (t) => {
      const all = await getAllDomainStats(qemu, { groups: 0, flags: StatsFlag.active }, wait);
      t.equal(all.length, 1);
      const [stats] = all;
      t.match(stats, {
        domain: paused,
        state: DomainState.paused,
        reason: PausedReason.user,
        vcpuCurrent: 1,
        vcpuMaximum: 1,
        balloon: { currentBytes: 16 * 1024 ** 2, maximumBytes: 16 * 1024 ** 2, lastUpdateS: 0 },
        dirtyRate: { status: DirtyRateStatus.unstarted },
      });
      t.equal(stats?.vcpus[0]?.state, VcpuState.running);
      t.equal(stats?.disks[0]?.name, 'hdc');
      t.ok((stats?.balloon?.rssBytes ?? 0) > 8 * 1024 ** 2, 'QEMU itself is some MiB');
      t.ok((stats?.cpuTimeMs ?? 0) > 1 && (stats?.cpuTimeMs ?? 0) < 60_000, 'starting took some CPU');
      t.notOk('usableBytes' in (stats?.balloon ?? {}), 'what no driver reported is absent, not 0');

      const request = { domains: [paused], groups: StatsGroup.state, flags: StatsFlag.noWait };
      const [few] = await getAllDomainStats(qemu, request, wait);
      t.same(few, {
        domain: paused,
        state: DomainState.paused,
        reason: PausedReason.user,
        vcpus: [],
        nics: [],
        disks: [],
      });
    });

    await t.test('with metadata under a namespace of our own', async (t) => {
      const key = { namespaceUri: 'https://evenkeel.example/test/1', affect: Affect.current };
      await t.rejects(domains.getMetadata(qemu, paused, key, wait), { code: ErrorCode.noDomainMetadata });
      const xml = '<owner>me &amp; you</owner>';
      await domains.setMetadata(qemu, paused, { ...key, prefix: 'ek', xml }, wait);
      t.match(await domains.getMetadata(qemu, paused, key, wait), /me &amp; you/);
      await domains.setMetadata(qemu, paused, { ...key, prefix: 'ek', xml: undefined }, wait);
      await t.rejects(domains.getMetadata(qemu, paused, key, wait), { code: ErrorCode.noDomainMetadata });
      const metadataEvents = (): LibvirtEvent[] => events.filter((event) => event.kind === 'metadataChange');
      await until('two events of metadata', () => metadataEvents().length === 2);
      t.match(metadataEvents(), [{ namespaceUri: key.namespaceUri }, { namespaceUri: key.namespaceUri }]);
    });

    await t.test('with limits for its next migration, and without a job', async (t) => {
      t.same(await migration.getJobStats(qemu, paused, 0, wait), { type: JobType.none });
      await t.rejects(migration.abortJob(qemu, paused, wait), { code: ErrorCode.operationInvalid });
      await t.rejects(migration.abortPostCopyJob(qemu, paused, wait), LibvirtError);
      await t.rejects(migration.startPostCopy(qemu, paused, wait), { code: ErrorCode.operationInvalid });
      await migration.setMaxSpeed(qemu, paused, { bytesPerSecond: 5.9 * 1024 ** 2 }, wait);
      t.equal(await migration.getMaxSpeed(qemu, paused, wait), 5 * 1024 ** 2);
      await migration.setMaxSpeed(qemu, paused, { bytesPerSecond: 1, postCopy: true }, wait);
      await migration.setMaxDowntime(qemu, paused, 250, wait);
      t.equal(await migration.getMaxDowntimeMs(qemu, paused, wait), 250);
    });

    await t.test('with a memory report period and a measured dirty rate', async (t) => {
      await domains.setMemoryStatsPeriod(qemu, paused, { seconds: 5, affect: Affect.live }, wait);
      t.match(await domains.getXml(qemu, paused, 0, wait), /<stats period='5'\/>/);
      const tooLong = { seconds: 61, mode: DirtyRateMode.pageSampling };
      await t.rejects(migration.startDirtyRate(qemu, paused, tooLong, wait), LibvirtError);
      await domains.resume(qemu, paused, wait);
      await migration.startDirtyRate(qemu, paused, { seconds: 1, mode: DirtyRateMode.pageSampling }, wait);
      const request = { domains: [paused], groups: StatsGroup.dirtyRate, flags: 0 };
      const rate = await until('the rate to be measured', async () => {
        const [stats] = await getAllDomainStats(qemu, request, wait);
        return stats?.dirtyRate?.status === DirtyRateStatus.measuring ? false : stats?.dirtyRate;
      });
      t.match(rate, { status: DirtyRateStatus.measured, periodS: 1, bytesPerSecond: Number });
    });

    await t.test('until it is destroyed', async (t) => {
      t.match(await domains.getControlInfo(qemu, paused, wait), { state: ControlState.ok });
      await domains.shutdown(qemu, paused, ShutdownFlag.acpi, wait);
      await domains.destroy(qemu, paused, 0, wait);
      await t.rejects(domains.destroy(qemu, paused, DestroyFlag.graceful, wait), {
        code: ErrorCode.noDomain,
      });
      const lives = (): string[] =>
        events.map((event) => (event.kind === 'lifecycle' ? `${event.change}/${event.detail}` : event.kind));
      await until('the event of the end', () => lives().includes('stopped/destroyed'));
      t.equal(lives()[0], 'started/booted');
      t.equal(lives().at(-1), 'stopped/destroyed');
    });
  });

  await t.test('remembers why a defined guest is off', async (t) => {
    const qemu = await open(t, 'qemu:///session');
    const defined = await domains.define(qemu, tinyGuest('off'), 0, wait);
    await domains.destroy(qemu, await domains.start(qemu, defined, CreateFlag.paused, wait), 0, wait);
    t.same(await domains.getState(qemu, defined, wait), {
      state: DomainState.shutoff,
      reason: ShutoffReason.destroyed,
    });
    await domains.undefine(qemu, defined, 0, wait);
    t.notOk(isLibvirtError(new Error('other'), ErrorCode.noDomain));
  });
});
