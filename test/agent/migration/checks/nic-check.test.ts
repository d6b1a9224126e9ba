// Tests what the target says of a VM's NICs, with the virtual networks of a real libvirtd.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkNics } from '../../../../agent/migration/checks/nic-check.ts';
import { createCreator } from '../../../../agent/vm/create.ts';
import { readDefinition } from '../../../../agent/vm/definition.ts';
import type { Link } from '../../../../agent/vm/host-links.ts';
import { whyNoLibvirtd } from '../../libvirt/private-libvirtd.ts';
import { spec, startRealHost, type RealHost } from '../../vm/real-host.ts';

const never = new AbortController().signal;
const LINKS: Readonly<Record<string, Link>> = {
  br0: { bridge: 'linux', isUp: true },
  ovsbr0: { bridge: 'openvswitch', isUp: true },
  eth1: { bridge: undefined, isUp: true },
  eth2: { bridge: undefined, isUp: false },
};
const look = (name: string): Link | undefined => LINKS[name];
const OVS =
  "<virtualport type='openvswitch'><parameters interfaceid='5f1c2e0a-1111-4222-8333-944445555666'/></virtualport>";

/** Networks on what the host already has need no privileges; the others only differ in what libvirt makes itself. */
function startNetwork({ daemon }: RealHost, name: string, content: string): void {
  const file = join(daemon.directory, `${name}.xml`);
  writeFileSync(file, `<network><name>${name}</name>${content}</network>`);
  for (const command of [
    ['net-define', file],
    ['net-start', name],
  ])
    execFileSync('virsh', ['-q', '-c', `qemu+unix:///session?socket=${daemon.socket}`, ...command]);
}

const skip = whyNoLibvirtd();
void t.test('each NIC is judged by its kind on the target', skip === undefined ? {} : { skip }, async (t) => {
  const host = await startRealHost();
  t.teardown(() => host.stop());
  startNetwork(
    host,
    'ovsnet',
    "<forward mode='bridge'/><bridge name='ovsbr0'/><virtualport type='openvswitch'/><portgroup name='vlan-42'><vlan><tag id='42'/></vlan></portgroup>",
  );
  startNetwork(host, 'gone', "<forward mode='bridge'/><bridge name='br9'/>");
  startNetwork(
    host,
    'tapnet',
    "<forward mode='private'><interface dev='eth2'/><interface dev='eth1'/></forward>",
  );
  startNetwork(host, 'down', "<forward mode='bridge'><interface dev='eth2'/></forward>");
  const check = async (nic: string): Promise<string> => {
    const xml = `<domain><name>a</name><uuid>u</uuid><devices><interface ${nic}</interface></devices></domain>`;
    const refusals = await host.access.own((connection) =>
      checkNics(connection, readDefinition(xml), look, { timeoutMs: 20_000 }),
    );
    return refusals.map(({ causeCode, reason }) => `${causeCode.slice(16)}: ${reason}`).join();
  };
  const fits = [
    "type='bridge'><source bridge='br0'/>",
    `type='bridge'><source bridge='ovsbr0'/>${OVS}`,
    `type='bridge'><source bridge='ovsbr0'/>${OVS}<vlan><tag id='42'/></vlan>`,
    "type='network'><source network='ovsnet' portgroup='vlan-42'/>",
    // As its live definition shows it: the bridge is that of the source, and may have another name here.
    `type='bridge'><source network='ovsnet' portid='x' bridge='ovsbr-there'/>${OVS}`,
    "type='direct'><source network='tapnet' dev='eth9' mode='private'/>",
    "type='direct'><source dev='eth1' mode='bridge'/>",
    "type='user'>",
    "type='bridge'><source bridge='br9'/><teaming type='transient' persistent='ua-1'/>",
  ];
  for (const nic of fits) t.equal(await check(nic), '', nic);
  const misfits: readonly (readonly [string, RegExp])[] = [
    [`type='bridge'><source bridge='br0'/>${OVS}`, /^BRIDGE_MISSING: br0 here is a Linux bridge/],
    [`type='bridge'><source bridge='eth1'/>${OVS}`, /^BRIDGE_MISSING: interface eth1 here is neither/],
    ["type='bridge'><source bridge='ovsbr0'/>", /^BRIDGE_MISSING: ovsbr0 here is an Open vSwitch bridge/],
    ["type='bridge'><source bridge='br9'/>", /^BRIDGE_MISSING: this host has no bridge br9/],
    [
      "type='network'><source network='ovsnet' portgroup='vlan-7'/>",
      /^NETWORK_MISSING: .*no portgroup vlan-7/,
    ],
    ["type='network'><source network='gone'/>", /^NETWORK_MISSING: of virtual network gone: .*no bridge br9/],
    [
      "type='network'><source network='down'/>",
      /^NETWORK_MISSING: no interface of virtual network down is up/,
    ],
    ["type='network'><source network='n9'/>", /^NETWORK_MISSING: this host has no virtual network n9/],
    [
      "type='direct'><source dev='eth2' mode='bridge'/>",
      /^NETWORK_MISSING: interface eth2 of this host is down/,
    ],
    ["type='direct'><source dev='eth9' mode='vepa'/>", /^NETWORK_MISSING: this host has no interface eth9/],
  ];
  for (const [nic, message] of misfits) t.match(await check(nic), message, nic);

  const create = createCreator({ ...host.context, look: { ...host.context.look, lookAtLink: look } });
  const nics = [
    { bridge: 'ovsbr0', vlan: 42, mac: '' },
    { network: 'ovsnet', portgroup: 'vlan-42', mac: '' },
    { macvtap: 'eth1', mac: '' },
  ];
  const vm = await create({ spec: spec({ name: 'ports', nics }), start: false }, never);
  t.match(vm.nics, [
    { kind: 'bridge', bridge: 'ovsbr0', virtualPort: 'openvswitch', vlans: [42] },
    { kind: 'network', network: 'ovsnet', portgroup: 'vlan-42' },
    { kind: 'direct', device: 'eth1', macvtapMode: 'bridge' },
  ]);
  await t.rejects(
    create(
      { spec: spec({ name: 'no', nics: [{ network: 'ovsnet', portgroup: 'x', mac: '' }] }), start: false },
      never,
    ),
    { message: /nics\[0\]\.network: virtual network ovsnet has no portgroup x here/ },
  );
});
