// The agent's settings: the installed file says what the schema says, and bad values are refused by name.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { advertised, checkAdvertise } from '../../agent/advertise.ts';
import { thisMachine } from '../../agent/own-addresses.ts';
import { agentSchema, cpuPlan } from '../../agent/config.ts';
import { systemClock } from '../../shared/clock.ts';
import { loadSettings } from '../../shared/settings.ts';
import { settingsFile } from '../../shared/settings-file.ts';

const FILE = new URL('../../systemd/agent.yaml', import.meta.url);
const HEADING =
  'Settings of evenkeel-agent. Each key shows its default; check changes with "evenkeel-agent --check-config".';

void t.test('the installed settings file holds every key with its default', (t) => {
  const text = settingsFile(HEADING, agentSchema);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(FILE, text);
  t.equal(readFileSync(FILE, 'utf8'), text, 'UPDATE_GOLDEN=1 rewrites the file');
  t.strictSame(parse(text), JSON.parse(JSON.stringify(loadSettings(agentSchema, undefined, {}))));
  t.end();
});

void t.test('a bad value or an unknown key is refused by name', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-config-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const cases: [yaml: string, error: RegExp][] = [
    ['listen: {address: "0.0.0.0:70000"}', /listen\.address.*port from 1 to 65535/],
    ['advertise: {address: "kvm1:7443"}', /advertise\.address.*without a port/],
    [
      'advertise: {libvirtUri: "qemu+tls://kvm1/system?pkipath=/etc/pki"}',
      /advertise\.libvirtUri.*is not "qemu\+tls:/,
    ],
    ['advertise: {libvirtUri: "qemu:///system"}', /advertise\.libvirtUri.*is not "qemu\+tls:/],
    ['advertise: {migrateUri: "rdma://kvm1"}', /advertise\.migrateUri.*is not "tcp:/],
    ['hypervisor: {type: xen}', /hypervisor\.type/],
    ['hypervisor: {cpuModel: "a b"}', /hypervisor\.cpuModel.*without spaces/],
    ['libvirt: {timeoutMs: 10}', /libvirt\.timeoutMs.*1000 to 60000/],
    ['migrate: {unsafe: true}', /migrate/],
    ['- a', /YAML mapping/],
    ['tls: {mode: none', /read settings/],
  ];
  for (const [yaml, error] of cases) {
    const file = join(folder, 'agent.yaml');
    writeFileSync(file, yaml);
    t.throws(() => loadSettings(agentSchema, file, {}), { code: 'INVALID_ARGUMENT', message: error });
  }
  t.end();
});

void t.test('a host never advertises what others would refuse', async (t) => {
  const migration = { allowTcp: false };
  const listen = { address: '0.0.0.0:7443' };
  const advertise = { address: '', libvirtUri: '', migrateUri: '' };
  checkAdvertise({ advertise, listen, migration });
  checkAdvertise({ advertise, listen: { address: '[fd00::1]:7443' }, migration });
  const tcp = { ...advertise, libvirtUri: 'qemu+tcp://kvm1/system' };
  checkAdvertise({ advertise: tcp, listen, migration: { allowTcp: true } });
  t.throws(
    () => {
      checkAdvertise({ advertise: tcp, listen, migration });
    },
    {
      code: 'INVALID_ARGUMENT',
      message: /^advertise\.libvirtUri: .*plain TCP.*migration\.allowTcp on all hosts/,
    },
  );
  const local = { address: 'localhost:7443' };
  const refused = {
    code: 'INVALID_ARGUMENT',
    message: /^advertise\.address: "qemu\+tls:\/\/localhost\/system"/,
  };
  t.throws(() => {
    checkAdvertise({ advertise, listen: local, migration });
  }, refused);
  const machine = thisMachine(systemClock);
  await t.rejects(advertised(advertise, local.address, [], machine), refused);
  t.match(await advertised({ ...advertise, address: 'kvm1' }, local.address, [], machine), {
    libvirtUri: 'qemu+tls://kvm1/system',
    migrateUri: 'tcp://kvm1',
  });
});

void t.test('the CPU of new VMs follows the setting and the hypervisor', (t) => {
  t.strictSame(cpuPlan('', 'kvm'), { kind: 'host-model' });
  t.strictSame(cpuPlan('', 'qemu'), { kind: 'hypervisor-default' });
  t.strictSame(cpuPlan('Skylake-Server,-hle,+md-clear', 'kvm'), {
    kind: 'named',
    model: 'Skylake-Server',
    features: [
      { name: 'hle', policy: 'disable' },
      { name: 'md-clear', policy: 'require' },
    ],
  });
  t.end();
});
