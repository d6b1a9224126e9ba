// The door for host reports: each thing that cannot be right, and the reason it is refused with.
import t from 'tap';
import { refuseReport } from '../../../scheduler/reports/check-report.ts';
import type { HostReport } from '../../../shared/gen/telemetry.ts';
import { MINUTE_MS } from '../../../shared/units.ts';
import { reportOf, T0 } from '../model-cluster.ts';

const A = { name: 'a', cores: 1 };
const B = { name: 'b', cores: 0.5 };
const REPORT = reportOf({ name: 'h1', cores: 1, vms: [A, B] }, 1, T0);
const HOST = made(REPORT.host);
const FACTS = made(REPORT.facts);

function made<T>(part: T | null): T {
  if (part === null) throw new Error('the model makes a host sample and facts');
  return part;
}

function withHost(figures: Partial<typeof HOST>): HostReport {
  return { ...REPORT, host: { ...HOST, ...figures } };
}

function withFacts(addresses: Partial<typeof FACTS>): HostReport {
  return { ...REPORT, facts: { ...FACTS, ...addresses } };
}

function withVms(figures: Partial<HostReport['vms'][number]>): HostReport {
  return { ...REPORT, vms: REPORT.vms.map((vm) => ({ ...vm, ...figures })) };
}

const OBSTACLE = { causeCode: 'MIGRATION_CAUSE_HAS_SNAPSHOTS', reason: 'no', cure: 'do' } as const;

const REFUSED: readonly (readonly [report: HostReport, reason: RegExp])[] = [
  [{ ...REPORT, hostId: '' }, /host_id "" is not the subject's "h1"/],
  [{ ...REPORT, hostId: 'h2' }, /host_id "h2" is not the subject's "h1"/],
  [{ ...REPORT, hostName: '' }, /host_name/],
  [{ ...REPORT, bootId: '' }, /boot_id/],
  [{ ...REPORT, sequence: 0 }, /sequence/],
  [{ ...REPORT, intervalMs: 0 }, /interval_ms 0/],
  [{ ...REPORT, intervalMs: 60_001 }, /interval_ms 60001/],
  [{ ...REPORT, tickAtMs: 0 }, /tick_at_ms/],
  [{ ...REPORT, tickAtMs: T0 + 5 * MINUTE_MS + 1 }, /ahead of NATS; set the host's clock/],
  [withVms({ uuid: '' }), /a VM has no uuid/],

  [withHost({ cpuCores: 0 }), /cpu_cores 0/],
  [withHost({ cpuUsedCores: 85 }), /cpu_used_cores 85 .*not in cores/],
  [withHost({ cpuDemandCores: -1 }), /cpu_demand_cores/],
  [withHost({ memoryBytes: 64 * 1024 ** 2, memoryAvailableBytes: 0 }), /memory_bytes .*not in bytes/],
  [withHost({ memoryAvailableBytes: 2 * HOST.memoryBytes }), /memory_available_bytes/],
  [withHost({ cpuPressureRatio: 42 }), /cpu_pressure_ratio 42 .*not in shares of 1/],
  [withHost({ swapInBytesPerSecond: NaN }), /swap_in/],
  [withVms({ cpuCores: 1_000 }), /VM a: cpu_cores 1000/],
  [withVms({ rssBytes: 1024 * HOST.memoryBytes }), /VM a: rss_bytes/],
  [withVms({ stealRatio: -0.1 }), /VM a: steal_ratio/],
  [withVms({ memoryMaxBytes: 0 }), /VM a: memory_max_bytes/],

  // Both are kept for each VM, and shown to people.
  [withVms({ obstacles: Array.from({ length: 17 }, () => OBSTACLE) }), /VM a: 17 obstacles; at most 16/],
  [withVms({ obstacles: [{ ...OBSTACLE, reason: 'x'.repeat(2_000) }] }), /VM a: the text of an obstacle/],

  // An address that makes another libvirt do more than dial.
  [withFacts({ libvirtUri: 'qemu+ext://10.77.0.12/system?command=/tmp/program' }), /^facts\.libvirt_uri: /],
  [withFacts({ libvirtUri: 'qemu+tls://10.77.0.12/system?no_verify=1' }), /^facts\.libvirt_uri: /],
  [withFacts({ libvirtUri: 'qemu+ssh://root@10.77.0.12/system' }), /^facts\.libvirt_uri: /],
  [withFacts({ libvirtUri: 'qemu:///system' }), /"qemu.*" is not "qemu\+tls:/],
  [withFacts({ migrateUri: 'unix:///tmp/socket' }), /^facts\.migrate_uri: "unix:.*" is not "tcp:/],
];

t.test('a report that cannot be right is refused with its reason', (t) => {
  for (const [report, reason] of REFUSED) t.match(refuseReport(report, 'h1', T0), reason, String(reason));
  t.end();
});

const TAKEN: readonly (readonly [what: string, report: HostReport])[] = [
  ['as an agent sends it', REPORT],
  ['demand many times the cores', withHost({ cpuDemandCores: 50 })],
  ['a clock five minutes ahead', { ...REPORT, tickAtMs: T0 + 5 * MINUTE_MS }],
  ['years late: it waited in the agent', { ...REPORT, tickAtMs: 1 }],
  ['no addresses', { ...REPORT, facts: null }],
  ['an empty address', withFacts({ libvirtUri: '', migrateUri: 'tcp://10.1.0.11' })],
  ['libvirt by TLS', withFacts({ libvirtUri: 'qemu+tls://kvm1/system' })],
  ['libvirt by TCP', withFacts({ libvirtUri: 'qemu+tcp://[fd00::1]:16509/system' })],
  ['a first report, without a sample of the host', { ...REPORT, host: null }],
];

t.test('a report that may be right is taken', (t) => {
  for (const [what, report] of TAKEN) t.equal(refuseReport(report, 'h1', T0), undefined, what);
  t.end();
});
