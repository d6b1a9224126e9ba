// Tests the disks of volumes of every type of pool: the source in the XML, and what each type of pool cannot do.
import t from 'tap';
import { DefineFlag } from '../../../agent/libvirt/constants.ts';
import { define } from '../../../agent/libvirt/domain.ts';
import {
  formatOfNew,
  networkSource,
  readPool,
  sourceName,
  whyPoolCannot,
  type DiskSource,
} from '../../../agent/vm/disk-source.ts';
import { domainXml, type VmPlan } from '../../../agent/vm/xml.ts';
import { find, findAll, parseXml, writeXml } from '../../../agent/vm/xml-text.ts';
import { whyNoLibvirtd } from '../libvirt/private-libvirtd.ts';
import { startRealHost } from './real-host.ts';

const skip = whyNoLibvirtd();
const SECRET = '00000000-1111-4222-8333-444444444444';
const RBD = `<pool type='rbd'><name>ceph</name><source><name>vms</name><host name='10.77.0.50' port='6789'/><host name='10.77.0.51'/>
  <auth type='ceph' username='libvirt'><secret uuid='${SECRET}'/></auth></source></pool>`;
const GLUSTER = `<pool type='gluster'><name>g</name><source><host name='gl1'/><dir path='/images/'/><name>vol1</name></source></pool>`;
const IQN = 'iqn.2020-01.org.example:disks';
const DIRECT = `<pool type='iscsi-direct'><name>i</name><source><host name='10.0.0.1' port='3260'/><device path='${IQN}'/>
  <initiator><iqn name='iqn.2020-01.org.example:kvm1'/></initiator>
  <auth type='chap' username='ann'><secret usage='libvirtiscsi'/></auth></source></pool>`;

function sourceOf(pool: string, name: string, path: string): DiskSource {
  const source = networkSource(readPool(pool), { name, path });
  if (source === undefined) throw new Error('the pool does not say how to reach its volumes');
  return { kind: 'network', ...source };
}

const plan: VmPlan = {
  uuid: '0b6c2f3e-52a4-4d0f-9d52-1f2f8c0a9b11',
  name: 'web1',
  domainType: 'qemu',
  architecture: 'x86_64',
  cpu: { kind: 'hypervisor-default' },
  vcpus: 1,
  memoryBytes: 268_435_456,
  firmware: 'bios',
  os: 'linux',
  disks: [],
  iso: undefined,
  nics: [],
  metadata: { owner: '', purpose: '', expiresAtMs: 0, rules: null },
  headless: true,
};

void t.test('volumes that are reached over the network get the source of their protocol', async (t) => {
  const disk = { format: 'raw', cache: 'none', shareable: false } as const;
  const rbd = sourceOf(RBD, 'web1-vda', 'vms/web1-vda');
  const xml = domainXml({
    ...plan,
    disks: [
      { ...disk, source: rbd },
      { ...disk, source: sourceOf(GLUSTER, 'a.qcow2', 'gluster://gl1/vol1/images/a.qcow2'), format: 'qcow2' },
      {
        ...disk,
        source: sourceOf(DIRECT, 'unit:0:0:4', `ip-10.0.0.1:3260-iscsi-${IQN}-lun-4`),
        shareable: true,
      },
      { ...disk, source: { kind: 'block', path: '/dev/zvol/tank/a' } },
      { ...disk, source: { kind: 'file', path: '/srv/a' }, cache: 'writeback' },
    ],
    iso: rbd,
    nics: [
      { kind: 'openvswitch', name: 'ovsbr0', portgroup: '', vlan: 42, mac: '52:54:00:00:00:01' },
      { kind: 'network', name: 'ovsnet', portgroup: 'vlan-7', vlan: 0, mac: '52:54:00:00:00:02' },
      { kind: 'macvtap', name: 'eth1', portgroup: '', vlan: 0, mac: '52:54:00:00:00:03' },
      { kind: 'bridge', name: 'brv', portgroup: '', vlan: 42, mac: '52:54:00:00:00:04' },
    ],
  });
  const devices = find(parseXml(xml), 'devices');
  t.strictSame(
    findAll(devices, 'disk').map((each) => writeXml(find(each, 'source') ?? each)),
    [
      `<source protocol="rbd" name="vms/web1-vda"><host name="10.77.0.50" port="6789"/><host name="10.77.0.51"/><auth username="libvirt"><secret type="ceph" uuid="${SECRET}"/></auth></source>`,
      '<source protocol="gluster" name="vol1/images/a.qcow2"><host name="gl1"/></source>',
      `<source protocol="iscsi" name="${IQN}/4"><host name="10.0.0.1" port="3260"/><initiator><iqn name="iqn.2020-01.org.example:kvm1"/></initiator><auth username="ann"><secret type="iscsi" usage="libvirtiscsi"/></auth></source>`,
      '<source dev="/dev/zvol/tank/a"/>',
      '<source file="/srv/a"/>',
      `<source protocol="rbd" name="vms/web1-vda"><host name="10.77.0.50" port="6789"/><host name="10.77.0.51"/><auth username="libvirt"><secret type="ceph" uuid="${SECRET}"/></auth></source>`,
    ],
  );
  t.strictSame(
    findAll(devices, 'interface').map((each) => writeXml(each).replace(/<mac.*?\/>|<model.*?\/>/g, '')),
    [
      '<interface type="bridge"><source bridge="ovsbr0"/><virtualport type="openvswitch"/><vlan><tag id="42"/></vlan></interface>',
      '<interface type="network"><source network="ovsnet" portgroup="vlan-7"/></interface>',
      '<interface type="direct"><source dev="eth1" mode="bridge"/></interface>',
      '<interface type="bridge"><source bridge="brv"/><vlan><tag id="42"/></vlan></interface>',
    ],
  );
  t.equal(sourceName(rbd), 'rbd:vms/web1-vda');
  if (skip !== undefined) {
    t.comment(`not shown to libvirt: ${skip}`);
    return;
  }
  const host = await startRealHost();
  t.teardown(() => host.stop());
  const { validate } = DefineFlag;
  const defined = await host.access.own((c) => define(c, xml, validate, { timeoutMs: 20_000 }));
  t.equal(defined.name, 'web1', "libvirt's own schema takes it");
});

void t.test('a pool whose definition says too little gives no source', (t) => {
  t.equal(networkSource(readPool("<pool type='rbd'><source/></pool>"), { name: 'a', path: 'a' }), undefined);
  t.equal(networkSource(readPool(DIRECT), { name: 'unit:0:0:4', path: 'elsewhere' }), undefined);
  t.equal(networkSource(readPool("<pool type='sheepdog'/>"), { name: 'a', path: 'a' }), undefined);
  t.end();
});

void t.test('what a type of pool cannot do is known before anything is made', (t) => {
  const can = (type: string): string =>
    (['new', 'clone', 'existing'] as const).filter((want) => whyPoolCannot(type, want) === undefined).join();
  for (const type of ['dir', 'fs', 'netfs', 'vstorage', 'logical', 'rbd'])
    t.equal(can(type), 'new,clone,existing', type);
  t.equal(can('zfs'), 'new,existing');
  for (const type of ['disk', 'iscsi', 'scsi', 'mpath', 'gluster', 'iscsi-direct'])
    t.equal(can(type), 'existing', type);
  for (const type of ['sheepdog', 'new-in-libvirt-99']) t.equal(can(type), '', type);
  t.match(whyPoolCannot('iscsi', 'new'), /is of type iscsi, in which libvirt makes no volume/);
  t.equal(formatOfNew('netfs'), 'qcow2');
  t.equal(formatOfNew('rbd'), undefined);
  t.end();
});
