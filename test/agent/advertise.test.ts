// Tests which address an agent announces, on machines of every kind, and that it is never one that leads back to whoever dials it.
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { advertised, checkAdvertise } from '../../agent/advertise.ts';
import { isThisMachine, thisMachine, type Machine } from '../../agent/own-addresses.ts';
import { systemClock } from '../../shared/clock.ts';
import { hostKey, hostOfUri, isLinkLocal, isLoopback } from '../../shared/host-address.ts';

const EMPTY = { address: '', libvirtUri: '', migrateUri: '' };
const EVERYWHERE = '[::]:7443';
const IPV4 = '0.0.0.0:7443';

/** Names by their addresses, and the source address of the route to each. */
function machine(
  own: readonly string[],
  names: Record<string, readonly string[]>,
  routes: Record<string, string>,
): Machine {
  return {
    addresses: () => own,
    lookUp: (name) => Promise.resolve(names[name] ?? (/^[\d.]+$|:/.test(name) ? [name] : [])),
    sourceTowards: (address) => Promise.resolve(routes[address]),
  };
}

const LOCAL = { '127.0.0.1': '127.0.0.1', '::1': '::1', '127.0.1.1': '127.0.0.1' };

const ANNOUNCED: readonly (readonly [
  what: string,
  listen: string,
  nats: string[],
  Machine,
  address: string,
])[] = [
  [
    'the route to a NATS server elsewhere',
    EVERYWHERE,
    ['nats://10.0.0.1:4222'],
    machine(['10.0.0.11', '192.168.7.1'], {}, { '10.0.0.1': '10.0.0.11' }),
    '10.0.0.11',
  ],
  [
    'the first NATS server is on the host itself, the next one elsewhere',
    EVERYWHERE,
    ['nats://127.0.0.1:4222', 'nats://kvm2:4222'],
    machine(['10.0.0.11', '192.168.7.1'], { kvm2: ['10.0.0.12'] }, { ...LOCAL, '10.0.0.12': '10.0.0.11' }),
    '10.0.0.11',
  ],
  [
    'NATS on the host alone, which has one address',
    EVERYWHERE,
    ['nats://localhost:4222'],
    machine(['10.0.0.11', 'fe80::1', '169.254.3.4'], { localhost: ['127.0.0.1', '::1'] }, LOCAL),
    '10.0.0.11',
  ],
  [
    "the host's own name, which Debian maps to 127.0.1.1",
    EVERYWHERE,
    ['nats://kvm1:4222'],
    machine(['10.0.0.11', 'fd00::11'], { kvm1: ['127.0.1.1'] }, LOCAL),
    '10.0.0.11',
  ],
  [
    'a name with nothing but an IPv6 address',
    EVERYWHERE,
    ['nats://nats6:4222'],
    machine(['fd00::11'], { nats6: ['fd00::1'] }, { 'fd00::1': 'fd00::11' }),
    '[fd00::11]',
  ],
  [
    'a name with addresses of both families, for an agent that serves IPv4 only',
    IPV4,
    ['nats://nats:4222'],
    machine([], { nats: ['fd00::1', '10.0.0.1'] }, { 'fd00::1': 'fd00::11', '10.0.0.1': '10.0.0.11' }),
    '10.0.0.11',
  ],
  [
    'NATS by IPv6, for an agent that serves IPv4 only',
    IPV4,
    ['nats://[fd00::1]:4222'],
    machine(['10.0.0.11', 'fd00::11'], {}, { 'fd00::1': 'fd00::11' }),
    '10.0.0.11',
  ],
  [
    'one address listened on',
    '10.1.0.11:7443',
    ['nats://127.0.0.1:4222'],
    machine([], {}, LOCAL),
    '10.1.0.11',
  ],
];

void t.test('an agent announces an address that others reach', async (t) => {
  for (const [what, listen, nats, here, address] of ANNOUNCED)
    t.match(
      await advertised(EMPTY, listen, nats, here),
      {
        address,
        agentAddress: `${address}:7443`,
        libvirtUri: `qemu+tls://${address}/system`,
        migrateUri: `tcp://${address}`,
      },
      what,
    );
});

const REFUSED: readonly (readonly [
  what: string,
  listen: string,
  nats: string[],
  Machine,
  code: string,
  RegExp,
])[] = [
  [
    'NATS on the host alone, which has several addresses',
    EVERYWHERE,
    ['nats://127.0.0.1:4222'],
    machine(['10.0.0.11', '10.1.0.11'], {}, LOCAL),
    'INVALID_ARGUMENT',
    /^advertise\.address: .*10\.0\.0\.11, 10\.1\.0\.11; set the one/,
  ],
  [
    'a route that begins at a link-local address',
    EVERYWHERE,
    ['nats://[fe80::2]:4222'],
    machine(['10.0.0.11', '10.1.0.11'], {}, { 'fe80::2': 'fe80::1' }),
    'INVALID_ARGUMENT',
    /^advertise\.address: /,
  ],
  [
    'IPv6 only, and an agent that serves IPv4 only',
    IPV4,
    ['nats://[fd00::1]:4222'],
    machine(['fd00::11'], {}, { 'fd00::1': 'fd00::11' }),
    'INVALID_ARGUMENT',
    /^listen\.address: .*listen on "\[::\]:7443"/,
  ],
  [
    'a network that is not up yet',
    EVERYWHERE,
    ['nats://127.0.0.1:4222'],
    machine([], {}, LOCAL),
    'UNAVAILABLE',
    /^advertise\.address: /,
  ],
  [
    'a name that cannot be resolved yet, on a host with several addresses',
    EVERYWHERE,
    ['nats://127.0.0.1:4222', 'nats://later:4222'],
    machine(['10.0.0.11', '10.1.0.11'], {}, LOCAL),
    'UNAVAILABLE',
    /^advertise\.address: .*nats\.servers/,
  ],
];

void t.test('where it cannot know one, it announces none and names the setting', async (t) => {
  for (const [what, listen, nats, here, code, message] of REFUSED)
    await t.rejects(advertised(EMPTY, listen, nats, here), { code, message }, what);
});

void t.test('a set address that cannot be right is refused by name', (t) => {
  const migration = { allowTcp: false };
  const check = (address: string, listen: string) => (): void => {
    checkAdvertise({ advertise: { ...EMPTY, address }, listen: { address: listen }, migration });
  };
  for (const address of ['127.0.0.1', '[::1]', '[fe80::1]', '169.254.1.1', '127.0.1.1', '0.0.0.0'])
    t.throws(check(address, EVERYWHERE), { message: /^advertise\.address: / }, address);
  t.throws(check('[fd00::11]', IPV4), { message: /^listen\.address: .*IPv6; listen on "\[::\]:7443"/ });
  t.doesNotThrow(check('[fd00::11]', EVERYWHERE));
  t.doesNotThrow(check('kvm1', IPV4), 'a name may have addresses of both families');
  t.end();
});

void t.test('a host is known by each way to write it', (t) => {
  t.equal(hostKey('[FD00:0::01]'), hostKey('fd00::1'));
  t.equal(hostKey('::ffff:10.0.0.1'), '10.0.0.1');
  t.equal(hostKey('[::ffff:a00:1]'), '10.0.0.1');
  t.equal(hostKey('KVM1.'), 'kvm1');
  for (const host of [
    '127.0.0.1',
    '127.8.8.8',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '[::]',
    '0.0.0.0',
    'localhost',
    '[::ffff:7f00:1]',
  ])
    t.ok(isLoopback(host), host);
  for (const host of ['10.0.0.1', 'kvm127.0.0', 'fd00::1', '[1::1]', '128.0.0.1'])
    t.notOk(isLoopback(host), host);
  t.ok(isLinkLocal('[fe80::1]'));
  t.ok(isLinkLocal('169.254.1.1'));
  t.notOk(isLinkLocal('fec0::1'));
  t.equal(hostOfUri('qemu+tls://[fd00::1]:16514/system'), '[fd00::1]');
  t.equal(hostOfUri('tcp://kvm1'), 'kvm1');
  t.equal(hostOfUri(''), '');
  t.end();
});

void t.test('this machine knows itself', async (t) => {
  const here = thisMachine(systemClock);
  t.equal(await here.sourceTowards('127.0.0.1', 4222), '127.0.0.1');
  for (const host of ['127.0.0.1', '[::1]', ...here.addresses()]) t.ok(isThisMachine(host), host);
  t.notOk(isThisMachine('192.0.2.200'), 'an address for documents (RFC 5737)');
  t.strictSame(await here.lookUp('no-such-name.invalid'), []);
});

void t.test(
  'a name with nothing but an IPv6 address is resolved and routed to',
  { skip: whyNoIpv6Name() },
  async (t) => {
    const here = thisMachine(systemClock);
    t.strictSame(await here.lookUp('ip6-loopback'), ['::1']);
    t.equal(await here.sourceTowards('::1', 4222), '::1');
  },
);

function whyNoIpv6Name(): string | false {
  if (!existsSync('/proc/net/if_inet6')) return 'the kernel has no IPv6';
  if (!/^::1\s.*\bip6-loopback\b/m.test(readFileSync('/etc/hosts', 'utf8')))
    return '/etc/hosts does not name ::1 ip6-loopback';
  return false;
}
