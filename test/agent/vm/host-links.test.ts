// Tests what the host's interfaces are to a NIC: bridges of either kind, devices for macvtap, virtual networks.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  bridgesOf,
  lookAtLinks,
  macvtapDevicesOf,
  type Link,
  type LinkRoots,
} from '../../../agent/vm/host-links.ts';
import { bridgeMisfit, macvtapMisfit, networkMisfit, readNetwork } from '../../../agent/vm/network-fit.ts';

/** Interfaces as sysfs shows them: the files of each, by its name. */
function sysfs(t: Test, links: Readonly<Record<string, Readonly<Record<string, string>>>>): LinkRoots {
  const root = mkdtempSync(join(tmpdir(), 'evenkeel-links-'));
  t.teardown(() => {
    rmSync(root, { recursive: true });
  });
  for (const [name, files] of Object.entries(links))
    for (const [file, text] of Object.entries({ flags: '0x1003', operstate: 'up', ...files })) {
      const path = join(root, 'sys/class/net', name, file);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, `${text}\n`);
    }
  return { sysRoot: join(root, 'sys'), runRoot: join(root, 'run') };
}

/** As ovs-vswitchd leaves it for each of its bridges. */
function addOvsBridge({ runRoot }: LinkRoots, name: string): void {
  mkdirSync(join(runRoot, 'openvswitch'), { recursive: true });
  writeFileSync(join(runRoot, 'openvswitch', `${name}.mgmt`), '');
}

void t.test('bridges of either kind and devices for macvtap are told apart', (t) => {
  const roots = sysfs(t, {
    lo: {},
    br0: { 'bridge/vlan_filtering': '0' },
    brv: { 'bridge/vlan_filtering': '1' },
    ovsbr0: { tun_flags: '0x1002', operstate: 'unknown' },
    vnet17: { tun_flags: '0x1002' },
    dummy0: { operstate: 'unknown' },
    eth0: { 'master/ifindex': '3' },
    eth1: {},
    eth2: { flags: '0x1002', operstate: 'down' },
    macvtap0: { 'macvtap/tap7': '' },
  });
  const look = lookAtLinks(roots);
  t.strictSame(bridgesOf(roots), ['br0', 'brv'], 'without a running Open vSwitch its bridge is none');
  addOvsBridge(roots, 'ovsbr0');
  addOvsBridge(roots, 'gone');
  t.strictSame(bridgesOf(roots), ['br0', 'brv', 'ovsbr0']);
  t.strictSame(macvtapDevicesOf(roots), ['br0', 'brv', 'dummy0', 'eth1', 'eth2']);
  const seen = (name: string): unknown => look(name);
  t.strictSame(seen('br0'), { bridge: 'linux', isUp: true });
  t.strictSame(seen('brv'), { bridge: 'linux-vlan', isUp: true });
  t.strictSame(seen('ovsbr0'), { bridge: 'openvswitch', isUp: true });
  t.strictSame(seen('vnet17'), { bridge: undefined, isUp: true }, 'a tap of a VM is no bridge');
  t.strictSame(seen('eth2'), { bridge: undefined, isUp: false });
  for (const name of ['gone', 'eth9', '', '.', '..', '../net/br0']) t.equal(seen(name), undefined, name);
  const nowhere = { sysRoot: '/nowhere', runRoot: '/nowhere' };
  t.strictSame([...bridgesOf(nowhere), ...macvtapDevicesOf(nowhere)], []);
  t.end();
});

const LINKS: Readonly<Record<string, Link>> = {
  br0: { bridge: 'linux', isUp: true },
  brv: { bridge: 'linux-vlan', isUp: true },
  ovsbr0: { bridge: 'openvswitch', isUp: false },
  eth1: { bridge: undefined, isUp: true },
  eth2: { bridge: undefined, isUp: false },
};
const look = (name: string): Link | undefined => LINKS[name];

void t.test('a NIC fits only a bridge of its own kind, and macvtap only an interface that is up', (t) => {
  const bridge = (name: string, virtualPort = '', vlans: number[] = []): string =>
    bridgeMisfit(name, { virtualPort, vlans }, look)?.reason ?? '';
  t.equal(bridge('br0'), '');
  t.equal(bridge('ovsbr0', 'openvswitch'), '', 'its own port need not be up');
  t.equal(bridge('ovsbr0', 'openvswitch', [42]), '');
  t.equal(bridge('brv', '', [42]), '');
  t.match(bridge('br0', '', [42]), /br0 here does not filter by VLAN, and the NIC has VLAN 42/);
  t.match(bridge('br9'), /this host has no bridge br9/);
  t.match(bridge('ovsbr0'), /ovsbr0 here is an Open vSwitch bridge, .* for a Linux bridge/);
  t.match(bridge('br0', 'openvswitch'), /br0 here is a Linux bridge, .* for an Open vSwitch bridge/);
  t.match(bridge('eth1', 'openvswitch'), /neither a Linux bridge nor a bridge of a running Open vSwitch/);
  t.equal(macvtapMisfit('eth1', look), undefined);
  t.match(macvtapMisfit('eth2', look), { reason: /eth2 of this host is down/ });
  t.match(macvtapMisfit('eth9', look), { reason: /no interface eth9/ });
  t.end();
});

void t.test('a virtual network of any mode is judged by what it stands on', (t) => {
  const reason = (content: string, portgroup = ''): string =>
    networkMisfit(readNetwork(`<network><name>n</name>${content}</network>`), portgroup, look)?.reason ?? '';
  const made = "<bridge name='virbr9'/>";
  for (const mode of ['nat', 'route', 'open'])
    t.equal(reason(`<forward mode='${mode}' dev='eth9'/>${made}`), '', mode);
  t.equal(reason(made), '', 'isolated');
  t.equal(reason(`<forward/>${made}`), '', 'nat is the default');
  t.equal(reason("<forward mode='bridge'/><bridge name='br0'/>"), '');
  t.match(reason("<forward mode='bridge'/><bridge name='br9'/>"), /network n: this host has no bridge br9/);
  const ovs = "<forward mode='bridge'/><bridge name='ovsbr0'/><virtualport type='openvswitch'/>";
  const groups = "<portgroup name='plain' default='yes'/><portgroup name='vlan-42'/>";
  t.equal(reason(`${ovs}${groups}`, 'vlan-42'), '');
  t.match(reason(`${ovs}${groups}`, 'vlan-7'), /no portgroup vlan-7 here \(it has plain, vlan-42\)/);
  t.match(
    reason(ovs.replace("<virtualport type='openvswitch'/>", '')),
    /ovsbr0 here is an Open vSwitch bridge/,
  );
  const pool = (mode: string, ...devices: string[]): string =>
    reason(`<forward mode='${mode}'>${devices.map((each) => `<interface ${each}/>`).join('')}</forward>`);
  for (const mode of ['bridge', 'private', 'vepa', 'passthrough']) {
    t.equal(pool(mode, "dev='eth2'", "dev='eth1'"), '', `${mode}: one of them is up`);
    t.match(pool(mode, "dev='eth2'"), /no interface of virtual network n is up here \(eth2\)/);
  }
  t.match(pool('passthrough', "dev='eth1' connections='1'"), /all interfaces .* are in use/);
  t.equal(pool('private', "dev='eth1' connections='1'"), '', 'shared by many');
  t.equal(reason("<forward dev='eth1' mode='private'/>"), '');
  t.match(reason("<forward dev='eth2' mode='private'/>"), /is up here \(eth2\)/);
  t.equal(reason("<forward mode='hostdev'><pf dev='eth3'/></forward>"), '', 'left to libvirt');
  t.end();
});
