// Tests what control groups allow a VM: quotas of single vCPUs and of all, in both versions, but none around the host.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { readCpuLimit } from '../../../agent/telemetry/cpu-limit.ts';

interface World {
  /** The cgroup file of process 1, and of each vCPU thread. */
  readonly host: string;
  readonly vcpus: readonly string[];
  /** Files below /sys/fs/cgroup. */
  readonly groups: Readonly<Record<string, string>>;
}

function limitIn(folder: string, { host, vcpus, groups }: World, name = 'web1'): number | undefined {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  };
  write('run/libvirt/qemu/web1.pid', '4711');
  write('proc/1/cgroup', host);
  write('proc/4711/task/4711/comm', 'qemu-system-x86');
  write('proc/4711/task/4711/cgroup', host);
  vcpus.forEach((cgroup, at) => {
    write(`proc/4711/task/${4712 + at}/comm`, `CPU ${at}/KVM`);
    write(`proc/4711/task/${4712 + at}/cgroup`, cgroup);
  });
  for (const [path, text] of Object.entries(groups)) write(`sys/fs/cgroup/${path}`, text);
  const root = (part: string): string => join(folder, part);
  return readCpuLimit(name, { run: root('run'), proc: root('proc'), sys: root('sys') });
}

const SCOPE = 'machine.slice/machine-qemu\\x2d1\\x2dweb1.scope/libvirt';

void t.test('as libvirt sets it, where one hierarchy has all controllers', (t) => {
  const host = '0::/init.scope';
  const vcpus = [`0::/${SCOPE}/vcpu0`, `0::/${SCOPE}/vcpu1`];
  const limit = (groups: World['groups']): number | undefined =>
    limitIn(t.testdir({}), { host, vcpus, groups });
  t.equal(limit({}), undefined);
  const each = { [`${SCOPE}/vcpu0/cpu.max`]: '5000 100000', [`${SCOPE}/vcpu1/cpu.max`]: '5000 100000' };
  t.equal(limit(each), 0.1, 'two twentieths');
  t.equal(limit({ ...each, [`${SCOPE}/vcpu1/cpu.max`]: 'max 100000' }), 1.05);
  t.equal(limit({ [`${SCOPE}/cpu.max`]: '50000 100000' }), 0.5, 'of both together');
  t.equal(limit({ ...each, 'machine.slice/cpu.max': '400000 100000' }), 0.1, 'the strictest counts');
  t.equal(limit({ 'machine.slice/cpu.max': '400000 100000' }), undefined, 'more than its vCPUs can use');
  t.end();
});

void t.test('set by hand, in a hierarchy of the controller alone, on a host that is limited itself', (t) => {
  const host = '3:cpu,cpuacct:/lab/kvm1\n0::/lab/kvm1/payload/init.scope';
  const vcpus = [0, 1, 2, 3].map(
    (number) => `3:cpu,cpuacct:/lab/kvm1/web1-vcpu${number}\n0::/lab/kvm1/payload`,
  );
  const own = (number: number, root: string): Record<string, string> => ({
    [`cpu,cpuacct/${root}web1-vcpu${number}/cpu.cfs_quota_us`]: '5000',
    [`cpu,cpuacct/${root}web1-vcpu${number}/cpu.cfs_period_us`]: '100000',
  });
  const all = (root: string): Record<string, string> => ({
    ...own(0, root),
    ...own(1, root),
    ...own(2, root),
    ...own(3, root),
  });
  const around = {
    'cpu,cpuacct/lab/kvm1/cpu.cfs_quota_us': '100000',
    'cpu,cpuacct/lab/kvm1/cpu.cfs_period_us': '100000',
  };
  t.equal(limitIn(t.testdir({}), { host, vcpus, groups: { ...around, ...all('lab/kvm1/') } }), 0.2);
  t.equal(
    limitIn(t.testdir({}), { host, vcpus, groups: around }),
    undefined,
    'what limits the host is no cap of its VMs',
  );
  // A container sees its own group as the top.
  const inside = { 'cpu,cpuacct/cpu.cfs_quota_us': '100000', 'cpu,cpuacct/cpu.cfs_period_us': '100000' };
  t.equal(limitIn(t.testdir({}), { host, vcpus, groups: { ...inside, ...all('') } }), 0.2);
  t.equal(limitIn(t.testdir({}), { host, vcpus, groups: inside }), undefined);
  t.end();
});

void t.test('a VM that is not there, or whose name is no file, has no limit', (t) => {
  const world = { host: '0::/', vcpus: [], groups: {} };
  t.equal(limitIn(t.testdir({}), world, 'web2'), undefined);
  t.equal(limitIn(t.testdir({}), world, '../../../etc/passwd'), undefined);
  t.end();
});
