// Tests that the view tells machines apart that report one host id, and knows a machine again that reports another one.
import fc from 'fast-check';
import t from 'tap';
import type { HostReport } from '../../../shared/gen/telemetry.ts';
import { rivalsOf } from '../../../scheduler/cluster/identity.ts';
import {
  emptyView,
  foldReport,
  hostById,
  hostState,
  vmsOf,
  type ClusterView,
} from '../../../scheduler/cluster/view.ts';
import { findHost } from '../../../scheduler/api/names.ts';
import { hostsMeant } from '../../../scheduler/people/hosts-meant.ts';
import { checkProperty } from '../../property.ts';
import { DETECTION, INTERVAL_MS, LIMITS, reportOf, T0 } from '../model-cluster.ts';

interface Machine {
  readonly name: string;
  readonly hostId: string;
  readonly boot: string;
  readonly vms?: readonly string[];
  readonly address?: string;
  readonly certificate?: string;
}

function reportAt(machine: Machine, tick: number): HostReport {
  const { name, hostId, boot, vms = [], address = `${name}:7443`, certificate = `${name}'s` } = machine;
  const host = { name, cores: 4, vms: vms.map((vm) => ({ name: vm, cores: 0.1 })) };
  const report = reportOf(host, tick + 1, T0 + tick * INTERVAL_MS, boot);
  const facts = report.facts && { ...report.facts, agentAddress: address, certificateSha256: certificate };
  return { ...report, hostId, facts };
}

function fold(view: ClusterView, machine: Machine, tick: number): boolean {
  return foldReport(view, reportAt(machine, tick), T0 + tick * INTERVAL_MS, DETECTION, LIMITS);
}

function observe(view: ClusterView, machines: readonly Machine[], from: number, to: number): void {
  for (let tick = from; tick <= to; tick += 1) for (const machine of machines) fold(view, machine, tick);
}

/** Each host by name with its state and VMs. */
function shown(view: ClusterView, tick: number): Record<string, string> {
  return Object.fromEntries(
    [...view.hosts.values()].map((host) => [
      host.hostName,
      [
        hostState(host, T0 + tick * INTERVAL_MS).replace('HOST_STATE_', ''),
        ...vmsOf(view, host).map(({ uuid }) => uuid),
      ].join(' '),
    ]),
  );
}

const KVM1 = { name: 'kvm1', hostId: 'same', boot: 'b1', vms: ['a'] };
const KVM2 = { name: 'kvm2', hostId: 'same', boot: 'b2', vms: ['b'] };

void t.test('two machines with one id are both shown with their VMs, and neither is used', (t) => {
  const view = emptyView();
  observe(view, [KVM1, KVM2], 0, 6);
  t.strictSame(shown(view, 6), { kvm1: 'UNKNOWN a', kvm2: 'UNKNOWN b' });
  t.throws(() => findHost(view, 'host', 'same'), {
    code: 'FAILED_PRECONDITION',
    message: /give the id instead: same is kvm1 \(kvm1:7443\), same_kvm2 is kvm2 \(kvm2:7443\)/,
  });
  t.equal(findHost(view, 'host', 'kvm2').hostName, 'kvm2');
  t.equal(findHost(view, 'host', 'same_kvm2').hostName, 'kvm2');
  t.end();
});

void t.test('a restart of one of them changes nothing', (t) => {
  const view = emptyView();
  observe(view, [KVM1, KVM2], 0, 6);
  observe(view, [KVM1, { ...KVM2, boot: 'b3' }], 7, 12);
  fold(view, KVM2, 6);
  t.strictSame(shown(view, 12), { kvm1: 'UNKNOWN a', kvm2: 'UNKNOWN b' });
  t.equal(view.hosts.size, 2);
  t.end();
});

void t.test('once one has an id of its own both are used again', (t) => {
  for (const cured of [KVM1, KVM2]) {
    const other = cured === KVM1 ? KVM2 : KVM1;
    const view = emptyView();
    observe(view, [KVM1, KVM2], 0, 6);
    observe(view, [{ ...cured, hostId: 'own' }, other], 7, 9);
    t.strictSame(shown(view, 9), { kvm1: 'READY a', kvm2: 'READY b' }, cured.name);
    t.strictSame([...view.hosts.keys()].sort(), ['own', 'same']);
    t.equal(view.hosts.get('own')?.hostName, cured.name);
  }
  t.end();
});

void t.test('one that falls silent keeps the other out of use for a while, since it may be back', (t) => {
  const view = emptyView();
  observe(view, [KVM1, KVM2], 0, 6);
  observe(view, [KVM1], 7, 20);
  t.equal(shown(view, 20)['kvm1'], 'UNKNOWN a');
  observe(view, [KVM1], 21, 140);
  t.equal(shown(view, 140)['kvm1'], 'READY a');
  t.end();
});

void t.test('clones with one name and one certificate are told apart by speaking at the same time', (t) => {
  const view = emptyView();
  const one = { ...KVM1, name: 'debian', address: '10.0.0.1:7443' };
  const two = { ...KVM2, name: 'debian', address: '10.0.0.2:7443' };
  observe(view, [one, two], 0, 6);
  const hosts = [...view.hosts.values()];
  t.equal(hosts.length, 2);
  t.strictSame(
    hosts
      .map((host) => vmsOf(view, host).map(({ uuid }) => uuid))
      .flat()
      .sort(),
    ['a', 'b'],
  );
  for (const host of hosts) {
    t.equal(rivalsOf(view.hosts, host).length, 1);
    t.equal(hostState(host, T0 + 6 * INTERVAL_MS), 'HOST_STATE_UNKNOWN');
  }
  t.throws(() => findHost(view, 'host', 'debian'), { message: /10\.0\.0\.1:7443.*10\.0\.0\.2:7443/ });
  t.end();
});

void t.test('restarts, renewed certificates and new addresses of one host are never taken for two', (t) => {
  const step = fc.record({
    ticks: fc.integer({ min: 1, max: 8 }),
    silent: fc.integer({ min: 0, max: 10 }),
    change: fc.constantFrom('nothing', 'address', 'certificate', 'boot'),
    late: fc.integer({ min: 0, max: 3 }),
  });
  const property = fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
    const view = emptyView();
    let machine: Machine = { ...KVM1, address: 'a0', certificate: 'c0' };
    let tick = 0;
    for (const [at, { ticks, silent, change, late }] of steps.entries()) {
      observe(view, [machine], tick, tick + ticks - 1);
      const before = machine;
      tick += ticks;
      if (change !== 'nothing') machine = { ...machine, boot: `boot${at}`, [change]: `${change}${at}` };
      tick += silent;
      fold(view, machine, tick);
      // What the boot before had sent arrives late.
      for (let back = 1; back <= late; back += 1) fold(view, before, tick - silent - back);
      tick += 1;
    }
    const states = [...view.hosts.values()].map((host) => hostState(host, T0 + (tick - 1) * INTERVAL_MS));
    return states.length === 1 && states[0] === 'HOST_STATE_READY';
  });
  checkProperty(t, property, 300);
  t.end();
});

void t.test('a host whose id changed under a running agent is the same host at once', (t) => {
  const view = emptyView();
  observe(view, [KVM1], 0, 3);
  fold(view, { ...KVM1, hostId: 'second' }, 4);
  t.strictSame(shown(view, 4), { kvm1: 'READY a' });
  t.equal(hostById(view, 'same')?.hostId, 'second');
  t.equal(findHost(view, 'host', 'kvm1').hostId, 'second');
  fold(view, { ...KVM1, hostId: 'third' }, 5);
  t.equal(hostById(view, 'same')?.hostId, 'third', 'also after the next change');
  t.equal(view.hosts.size, 1);
  t.end();
});

void t.test('a host that comes back from a reboot under another id leaves no ghost', (t) => {
  const view = emptyView();
  observe(view, [KVM1], 0, 3);
  const back = { ...KVM1, hostId: 'second', boot: 'b9', vms: [] };
  observe(view, [back], 8, 9);
  t.strictSame(shown(view, 9), { kvm1: 'READY' });
  t.equal(view.vms.get('a')?.hostId, undefined);
  t.end();
});

void t.test('two live hosts with one name and one certificate, but ids of their own, stay two', (t) => {
  const view = emptyView();
  const one = { ...KVM1, hostId: 'one', name: 'debian', address: '10.0.0.1:1', certificate: 'all' };
  const two = { ...KVM2, hostId: 'two', name: 'debian', address: '10.0.0.2:1', certificate: 'all' };
  observe(view, [one, two], 0, 20);
  t.strictSame([...view.hosts.keys()], ['one', 'two']);
  for (const host of view.hosts.values()) t.equal(hostState(host, T0 + 20 * INTERVAL_MS), 'HOST_STATE_READY');
  t.throws(() => findHost(view, 'host', 'debian'), { message: /one is debian \(10\.0\.0\.1:1\), two is/ });
  t.end();
});

void t.test('what was said about a host is still meant after its id has changed', (t) => {
  const view = emptyView();
  observe(view, [KVM1], 0, 3);
  const said = { hostId: 'same', hostName: 'kvm1' };
  observe(view, [{ ...KVM1, hostId: 'second' }], 4, 6);
  t.strictSame(
    hostsMeant(view, said).map(({ hostId }) => hostId),
    ['second'],
  );
  const restarted = emptyView();
  observe(restarted, [{ ...KVM1, hostId: 'third' }], 7, 9);
  t.strictSame(
    hostsMeant(restarted, said).map(({ hostId }) => hostId),
    ['third'],
    'by name, when the id is forgotten',
  );
  t.strictSame(hostsMeant(restarted, { hostId: 'x', hostName: 'kvm9' }), []);
  t.end();
});
