// Tests the facts of hosts and VMs: what is read from capabilities and definitions.
import t from 'tap';
import { describeVm } from '../../../agent/telemetry/description.ts';
import { isMadeUp, readCapabilities, versionText } from '../../../agent/telemetry/facts.ts';

void t.test('an id that many boards share is told from one of its own', (t) => {
  const shared = [
    '03000200-0400-0500-0006-000700080009',
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    'fefefefe-fefe-fefe-fefe-fefefefefefe',
  ];
  for (const id of shared) t.ok(isMadeUp(id), id);
  t.notOk(isMadeUp('4c4c4544-0042-3510-8052-b4c04f4d3732'));
  t.notOk(isMadeUp('03000200-0400-0500-0006-00070008000a'));
  t.end();
});

void t.test('quotas of a definition are in cores', (t) => {
  const quotas = (tune: string): unknown => {
    const { vcpuQuotaCores, quotaCores } = describeVm(`<domain><cputune>${tune}</cputune></domain>`);
    return [vcpuQuotaCores, quotaCores];
  };
  t.strictSame(quotas(''), [undefined, undefined]);
  t.strictSame(quotas('<period>100000</period><quota>5000</quota>'), [0.05, undefined]);
  t.strictSame(quotas('<quota>50000</quota>'), [0.5, undefined], "libvirt's period");
  t.strictSame(quotas('<global_period>50000</global_period><global_quota>75000</global_quota>'), [
    undefined,
    1.5,
  ]);
  t.strictSame(quotas('<quota>-1</quota><emulator_quota>1000</emulator_quota>'), [undefined, undefined]);
  t.end();
});

void t.test('a definition gives metadata, MACs by tap and huge pages', (t) => {
  const described = describeVm(`<domain type='kvm' id='7'><name>web</name>
    <memoryBacking><hugepages/></memoryBacking>
    <metadata><x:vm xmlns:x='https://evenkeel.dev/xmlns/vm/1'><x:owner>a &amp; b</x:owner></x:vm>
    <other:vm xmlns:other='urn:other'><other:owner>no</other:owner></other:vm></metadata>
    <devices>
      <interface type='bridge'><mac address='52:54:00:AA:00:01'/><target dev='vnet4'/></interface>
      <interface type='direct'><mac address='52:54:00:aa:00:02'/><target dev='macvtap0'/></interface>
      <interface type='user'><mac address='52:54:00:aa:00:03'/></interface>
    </devices></domain>`);
  t.same(
    [...described.macByTap],
    [
      ['vnet4', '52:54:00:aa:00:01'],
      ['macvtap0', '52:54:00:aa:00:02'],
    ],
  );
  t.equal(described.usesHugePages, true);
  t.throws(() => describeVm('<domain'));
  t.end();
});

void t.test('host facts are read from what libvirt shows', (t) => {
  const capabilities = `<capabilities><host><uuid>5ba5a4d2-0f5c-4b8e-9d4e-2f6d1c9e7a01</uuid><cpu><arch>x86_64</arch></cpu></host></capabilities>`;
  t.same(readCapabilities(capabilities), {
    hostId: '5ba5a4d2-0f5c-4b8e-9d4e-2f6d1c9e7a01',
    architecture: 'x86_64',
  });
  t.throws(() => readCapabilities('<capabilities><host/></capabilities>'), { message: /set host_uuid/ });
  t.equal(versionText(7_002_022), '7.2.22');
  t.equal(versionText(11_003_000), '11.3.0');
  t.end();
});
