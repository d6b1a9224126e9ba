// Tests the addresses of peers: what the grammar makes is accepted, anything else that libvirt could read is refused.
import fc from 'fast-check';
import t from 'tap';
import { parseLibvirtUri, refuseLibvirtUri, refuseMigrateUri } from '../../shared/libvirt-uri.ts';
import { checkProperty } from '../property.ts';

const LONG_PART = 'a'.repeat(63);

const HOSTS = [
  'kvm1',
  'KVM-1.example.org',
  'rack_3-kvm1',
  '10.77.0.12',
  '0.0.0.1',
  '[fd00::12]',
  '[::ffff:a00:c]',
  '[2001:db8:1:2:3:4:5:6]',
  `${LONG_PART}.${LONG_PART}.${LONG_PART}`,
];

const NO_HOSTS = [
  '',
  'localhost',
  'LocalHost',
  'localhost.localdomain',
  '-kvm1',
  'kvm1-',
  'kvm1.',
  '.kvm1',
  'kvm..1',
  '10.77.0.256',
  '10.77.0',
  '127.1',
  '0177.0.0.1',
  '2130706433',
  '0x7f000001',
  'kvm1.0x7f',
  `${LONG_PART}a`,
  `${LONG_PART}.${LONG_PART}.${LONG_PART}.${LONG_PART}`,
  'fd00::12',
  '[]',
  '[:]',
  '[:::]',
  '[1::2::3]',
  '[1:2:3:4:5:6:7]',
  '[1:2:3:4:5:6:7:8:9]',
  '[12345::]',
  '[fe80::1%eth0]',
  '[::ffff:10.0.0.12]',
  '[kvm1]',
  'ann@kvm1',
  'ann:secret@kvm1',
  'kvm%31',
  'kvm1%00',
  'kvm 1',
  ' kvm1',
  'kvm1\n',
  'kvm1\t',
  'kvm1\u0000',
  'kvm1\\',
  'kvm1/..',
  'kvm1,kvm2',
  'kvmé',
  'kvm１',
];

const NO_LIBVIRT_URIS = [
  '',
  'qemu+ext://10.77.0.12/system?command=/tmp/program',
  'qemu+ssh://kvm1/system',
  'qemu+libssh://kvm1/system',
  'qemu+libssh2://kvm1/system',
  'qemu+unix://kvm1/system',
  'qemu+unix:///system?socket=/tmp/socket',
  'qemu+tls+tcp://kvm1/system',
  'qemu:///system',
  'qemu://kvm1/system',
  'test+tls://kvm1/default',
  'xen+tls://kvm1/system',
  'esx://kvm1/system',
  'remote+tls://kvm1/system',
  'QEMU+tls://kvm1/system',
  'qemu+TLS://kvm1/system',
  'qemu+tls://kvm1/SYSTEM',
  'qemu+tls://kvm1',
  'qemu+tls://kvm1/',
  'qemu+tls://kvm1/session',
  'qemu+tls://kvm1//system',
  'qemu+tls://kvm1/./system',
  'qemu+tls://kvm1/system/',
  'qemu+tls://kvm1/%73ystem',
  'qemu+tls://kvm1/system?',
  'qemu+tls://kvm1/system?no_verify=1',
  'qemu+tls://kvm1/system?pkipath=/tmp/pki',
  'qemu+tls://kvm1/system?keyfile=/tmp/key',
  'qemu+tls://kvm1/system?command=/tmp/program',
  'qemu+tls://kvm1/system#',
  'qemu+tls://kvm1/system\n',
  '\nqemu+tls://kvm1/system',
  ' qemu+tls://kvm1/system',
  'qemu+tls://kvm1/system\u0000',
  'qemu+tls://kvm1/system\nqemu+ext://kvm1/system',
  'qemu+tls:kvm1/system',
  'qemu+tls:/kvm1/system',
  'qemu+tls:///system',
  'qemu+tls:\\\\kvm1/system',
];

const NO_PORTS = [
  ':',
  ':0',
  ':01',
  ':+1',
  ':-1',
  ':1e3',
  ':65536',
  ':99999',
  ':100000',
  ':0x10',
  ': 1',
  ':1:2',
];

void t.test('another host may be given by name or address, with or without a port', (t) => {
  for (const host of HOSTS)
    for (const [suffix, port] of [
      ['', undefined],
      [':1', 1],
      [':16514', 16_514],
      [':65535', 65_535],
    ] as const) {
      t.strictSame(parseLibvirtUri(`qemu+tls://${host}${suffix}/system`), { transport: 'tls', host, port });
      t.equal(refuseMigrateUri(`tcp://${host}${suffix}`), undefined);
    }
  t.equal(refuseMigrateUri(''), undefined, 'libvirt chooses');
  t.end();
});

void t.test('whatever else libvirt could read is refused, and quoted', (t) => {
  const libvirtUris = [
    ...NO_LIBVIRT_URIS,
    ...NO_HOSTS.map((host) => `qemu+tls://${host}/system`),
    ...NO_PORTS.map((port) => `qemu+tls://kvm1${port}/system`),
  ];
  for (const uri of libvirtUris) {
    t.equal(parseLibvirtUri(uri), undefined, JSON.stringify(uri));
    t.match(refuseLibvirtUri(uri, true), /is not "qemu\+tls:\/\/HOST\[:PORT\]\/system"/);
  }
  const migrateUris = [
    ...[
      'rdma://kvm1',
      'unix:///tmp/socket',
      'tcp:kvm1',
      'tcp:kvm1:49152',
      'TCP://kvm1',
      'tls://kvm1',
      'tcp://',
    ],
    ...[
      'tcp://kvm1/',
      'tcp://kvm1?a=b',
      'tcp://kvm1#',
      'exec:/tmp/program',
      'fd:3',
      ' tcp://kvm1',
      'tcp://kvm1\n',
    ],
    ...NO_HOSTS.map((host) => `tcp://${host}`),
    ...NO_PORTS.map((port) => `tcp://kvm1${port}`),
  ];
  for (const uri of migrateUris)
    t.match(refuseMigrateUri(uri), /is not "tcp:\/\/HOST\[:PORT\]"/, JSON.stringify(uri));
  t.match(refuseLibvirtUri('a\n'.repeat(1_000), true), /^"(a\\n){60}…" is not /, 'in part, on one line');
  t.end();
});

void t.test('plain TCP is accepted only where it is allowed', (t) => {
  t.equal(refuseLibvirtUri('qemu+tcp://kvm1/system', true), undefined);
  t.match(refuseLibvirtUri('qemu+tcp://kvm1/system', false), /is plain TCP.*set migration\.allowTcp/);
  t.equal(refuseLibvirtUri('qemu+tls://kvm1/system', false), undefined);
  t.end();
});

const part = fc
  .stringMatching(/^[a-zA-Z_](?:[0-9A-Za-z_-]{0,20}[0-9A-Za-z_])?$/)
  .filter((text) => !text.toLowerCase().startsWith('localhost'));
const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
const host = fc.oneof(
  name,
  fc.ipV4(),
  fc
    .ipV6()
    .filter((text) => !text.includes('.'))
    .map((text) => `[${text}]`),
);
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const transport = fc.constantFrom('tls', 'tcp');
const suffixOf = (port: number | undefined): string => (port === undefined ? '' : `:${port}`);

void t.test('every address that the grammar makes is read back as it was made', (t) => {
  const property = fc.property(transport, host, port, (transport, host, port) => {
    const address = parseLibvirtUri(`qemu+${transport}://${host}${suffixOf(port)}/system`);
    return [
      t.strictSame(address, { transport, host, port }),
      t.equal(refuseMigrateUri(`tcp://${host}${suffixOf(port)}`), undefined),
    ].every(Boolean);
  });
  checkProperty(t, property, 300);
  t.end();
});

// What turns an address into something else, wherever in it that stands.
const foreign = fc.oneof(
  fc.constantFrom(
    '?',
    '#',
    '@',
    '%2f',
    '%',
    '\n',
    '\r',
    '\t',
    ' ',
    '\u0000',
    '\\',
    '&',
    '=',
    ';',
    '"',
    "'",
    '$',
    '`',
  ),
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 1 })
    .filter((text) => !/[0-9A-Za-z._:[\]/+-]/.test(text)),
);

void t.test('nothing with a query, a user, an escape or a foreign character anywhere passes', (t) => {
  const parts = [transport, host, port, foreign, fc.nat()] as const;
  const property = fc.property(...parts, (transport, host, port, foreign, position) => {
    const put = (uri: string): string => {
      const at = position % (uri.length + 1);
      return uri.slice(0, at) + foreign + uri.slice(at);
    };
    const address = parseLibvirtUri(put(`qemu+${transport}://${host}${suffixOf(port)}/system`));
    return [
      t.equal(address, undefined),
      t.type(refuseMigrateUri(put(`tcp://${host}${suffixOf(port)}`)), 'string'),
    ].every(Boolean);
  });
  checkProperty(t, property, 1_000);
  t.end();
});

const NOTHING_ELSE = { username: '', password: '', pathname: '/system', search: '', hash: '' };

void t.test(
  'what passes names one driver, two transports and one path, and means the same to a lenient reader',
  (t) => {
    const word = fc.oneof(
      fc.constantFrom(
        'qemu',
        'test',
        'xen',
        '+tls',
        '+tcp',
        '+ext',
        '+ssh',
        '+unix',
        '://',
        '/',
        'kvm1',
        '[fd00::1]',
      ),
      fc.constantFrom(
        ':16514',
        ':0',
        '/system',
        '/session',
        '?command=x',
        '?no_verify=1',
        '#x',
        'ann@',
        '%41',
        '\n',
      ),
      host,
    );
    const uri = fc.oneof(
      fc.array(word, { maxLength: 8 }).map((words) => words.join('')),
      fc
        .tuple(fc.constantFrom('qemu+tls://', 'qemu+tcp://'), fc.array(word, { maxLength: 3 }))
        .map(([scheme, words]) => `${scheme}${words.join('')}/system`),
    );
    const property = fc.property(uri, (text) => {
      const address = parseLibvirtUri(text);
      if (address === undefined) return true;
      const { protocol, username, password, pathname, search, hash, port } = new URL(text);
      return [
        t.match(protocol, /^qemu\+(tls|tcp):$/),
        t.strictSame({ username, password, pathname, search, hash }, NOTHING_ELSE),
        t.equal(port, address.port === undefined ? '' : String(address.port)),
      ].every(Boolean);
    });
    checkProperty(t, property, 2_000);
    t.end();
  },
);
