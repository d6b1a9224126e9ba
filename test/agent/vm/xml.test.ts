// Tests the XML for libvirt: exact text, no injection, and the definitions that operators expect.
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { findMetadata, readMetadata, readOsFamily } from '../../../agent/vm/metadata.ts';
import {
  attribute,
  attributeText,
  buildXml,
  find,
  isXmlText,
  namespaceOf,
  parseXml,
  writeXml,
  type XmlElement,
} from '../../../agent/vm/xml-text.ts';
import { domainXml, volumeXml, type VmPlan } from '../../../agent/vm/xml.ts';
import { checkProperty } from '../../property.ts';

const anyXmlText = fc.string({ unit: 'binary', maxLength: 60 }).filter(isXmlText);
const trickyText = fc
  .array(
    fc.constantFrom(
      '&',
      '&amp;',
      '&#65;',
      '&#x41;',
      '<',
      '>',
      '"',
      "'",
      ']]>',
      '\r',
      '\n',
      '\t',
      ' ',
      'a',
      '</x>',
      '😀',
    ),
  )
  .map((parts) => parts.join(''));

void t.test(
  'any text comes back exactly, as text and as attribute, also after it is parsed and written again',
  (t) => {
    const property = fc.property(fc.oneof(anyXmlText, trickyText), (value) => {
      const parsed = parseXml(buildXml('x', { '@a': value, '#': value, y: undefined }));
      // Text of white space only is layout, and is not written again.
      const again = parseXml(writeXml(parsed));
      return [
        t.equal(attribute(parsed, 'a'), value),
        t.equal(parsed.text, value),
        t.strictSame(parsed.children, []),
        t.strictSame(again, value.trim() === '' ? { ...parsed, text: '' } : parsed),
      ].every(Boolean);
    });
    checkProperty(t, property, 100);
    t.end();
  },
);

void t.test('each element is written on its own line, its text without added space', (t) => {
  const tree = {
    '@k': '1',
    '@none': undefined,
    one: 'x',
    empty: {},
    many: [{ '#': 'y' }, { deep: '' }],
    no: [],
  };
  t.equal(
    buildXml('a', tree),
    '<a k="1">\n  <one>x</one>\n  <empty/>\n  <many>y</many>\n  <many>\n    <deep/>\n  </many>\n</a>',
  );
  t.equal(writeXml(parseXml(buildXml('a', tree))), buildXml('a', tree).replace(/\n */g, ''));
  t.end();
});

void t.test(
  "attributes are escaped as libvirt does it, so that libvirt's text can be searched for them",
  (t) => {
    t.equal(attributeText(`/a&b<c>"d"'e'`), '/a&amp;b&lt;c&gt;&quot;d&quot;&apos;e&apos;');
    t.end();
  },
);

void t.test('a character that XML does not allow is replaced', (t) => {
  t.equal(isXmlText('a\u0000'), false);
  t.equal(attributeText('a\u0000b\u{D800}'), 'a\u{FFFD}b\u{FFFD}');
  t.equal(buildXml('x', { '#': '\u0001' }), '<x>\u{FFFD}</x>');
  t.end();
});

void t.test('a parsed tree keeps names and own text, and resolves namespaces', (t) => {
  const root = parseXml(
    '<a><m xmlns:e="urn:e"><e:b c="1">x<d/>y<![CDATA[<&]]></e:b></m><n xmlns="urn:n"/></a>',
  );
  const m = find(root, 'm');
  const b = find(m, 'e:b');
  t.equal(b?.text, 'xy<&');
  t.equal(find(root, 'm', 'none', 'b'), undefined);
  const path = (...parts: (XmlElement | undefined)[]): XmlElement[] =>
    parts.filter((part) => part !== undefined);
  t.equal(namespaceOf(path(root, m, b)), 'urn:e');
  t.equal(namespaceOf(path(root, find(root, 'n'))), 'urn:n');
  t.equal(namespaceOf(path(root, m)), undefined);
  t.equal(namespaceOf(path(root, b)), undefined, 'declared on an element that is not on the path');
  t.end();
});

void t.test('line ends and attribute values are normalised as XML requires', (t) => {
  const root = parseXml('<a b="x\r\ny\tz&#10;&#13;">1\r\n2\r3&#13;</a>');
  t.equal(attribute(root, 'b'), 'x y z\n\r');
  t.equal(root.text, '1\n2\n3\r');
  t.end();
});

void t.test('what is not well formed is refused with position and cause', (t) => {
  for (const [document, problem] of [
    ['', 'line 1, column 0: document must contain a root element'],
    ['no XML', 'line 1, column 6: text data outside of root node'],
    ['<a>', 'line 1, column 3: unclosed tag: a'],
    ['<a>\n<b></a>', 'line 2, column 7: unexpected close tag'],
    ['<a/><b/>', 'line 1, column 7: documents may contain only one root'],
    ['<a b="1" b="2"/>', 'line 1, column 16: duplicate attribute: b'],
    ['<a b="<"/>', 'line 1, column 7: disallowed character'],
    ['<a>\u0001</a>', 'line 1, column 4: disallowed character'],
    ['<a>&#0;</a>', 'line 1, column 7: malformed character entity'],
    ['<?xml version="1.1"?><a>&#1;</a>', 'line 1, column 28: malformed character entity'],
    ['<a>&constructor;</a>', 'line 1, column 16: undefined entity'],
    ['<!DOCTYPE a><a/>', 'line 1, column 12: document type declarations are refused'],
    ['<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', 'line 1, column 30: document type declarations are refused'],
  ] as const)
    t.throws(() => parseXml(document), { message: problem }, document);
  t.end();
});

void t.test('undeclared prefixes, which libvirt accepts in metadata, are read', (t) => {
  const root = parseXml(
    '<domain><metadata><x:vm xmlns:x="u"><e:b q:y="1"/><a:b:c/></x:vm></metadata></domain>',
  );
  const vm = find(root, 'metadata', 'x:vm');
  t.equal(attribute(find(vm, 'e:b'), 'q:y'), '1');
  t.strictSame(find(vm, 'a:b:c')?.children, []);
  t.end();
});

void t.test('depth, size and number of parts are limited', (t) => {
  const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  t.equal(parseXml(nested(257)).name, 'a');
  const tooDeep = { message: 'line 1, column 774: elements are nested deeper than 257 levels' };
  t.throws(() => parseXml(nested(258)), tooDeep);
  // 41 KiB, which took seconds before there was a limit, and the longest text that is read.
  t.throws(() => parseXml(nested(6_000)), tooDeep);
  t.throws(() => parseXml('<a>'.repeat(1_398_101)), tooDeep);

  const most = `<a>${'x'.repeat(4_194_304 - '<a></a>'.length)}</a>`;
  t.equal(parseXml(most).text.length, 4_194_297);
  t.throws(() => parseXml(`${most} `), {
    message: 'XML of 4194305 characters is too long; the limit is 4194304',
  });

  const parts = (children: number): string => `<a b="1" c="2">${'<d/>'.repeat(children)}</a>`;
  t.equal(parseXml(parts(99_997)).children.length, 99_997);
  t.throws(() => parseXml(parts(99_998)), /^line 1, column \d+: more than 100000 elements and attributes$/);
  const attributes = Array.from({ length: 100_000 }, (_, index) => `a${index}=""`).join(' ');
  t.throws(() => parseXml(`<a ${attributes}/>`), /more than 100000 elements and attributes$/);
  t.end();
});

const plainDisk = { cache: 'none', shareable: false } as const;
const plainNic = { portgroup: '', vlan: 0 };

const linux: VmPlan = {
  uuid: '0b6c2f3e-52a4-4d0f-9d52-1f2f8c0a9b11',
  name: 'web1',
  domainType: 'kvm',
  architecture: 'x86_64',
  cpu: { kind: 'host-model' },
  vcpus: 2,
  // One byte over 256 MiB: rounded up to the next KiB.
  memoryBytes: 268_435_457,
  firmware: 'bios',
  os: 'linux',
  disks: [
    { ...plainDisk, source: { kind: 'file', path: '/pool/web1.qcow2' }, format: 'qcow2' },
    { ...plainDisk, source: { kind: 'block', path: '/dev/vg/web1' }, format: 'raw' },
  ],
  iso: undefined,
  nics: [
    { ...plainNic, kind: 'bridge', name: 'br0', mac: '52:54:00:00:00:01' },
    { ...plainNic, kind: 'network', name: 'default', mac: '52:54:00:00:00:02' },
  ],
  metadata: {
    owner: 'a <b> & "c"',
    purpose: 'shop',
    expiresAtMs: 1_800_000_000_000,
    rules: {
      neverMove: true,
      downtimeMaxMs: 200,
      postCopy: true,
      controlPlane: false,
      placement: [
        { kind: 'RULE_KIND_ANTI_AFFINITY', strength: 'RULE_STRENGTH_MUST', group: 'web', hosts: [] },
        {
          kind: 'RULE_KIND_VM_TO_HOST',
          strength: 'RULE_STRENGTH_SHOULD',
          group: '',
          hosts: ['kvm1', 'kvm2'],
        },
      ],
    },
  },
  headless: false,
};

const windows: VmPlan = {
  ...linux,
  os: 'windows',
  firmware: 'uefi',
  iso: { kind: 'file', path: '/iso/windows.iso' },
  disks: linux.disks.slice(0, 1),
  nics: linux.nics.slice(0, 1),
  metadata: { owner: '', purpose: '', expiresAtMs: 0, rules: null },
};

const emulated: VmPlan = {
  ...linux,
  domainType: 'qemu',
  cpu: { kind: 'named', model: 'Skylake-Server', features: [{ name: 'hle', policy: 'disable' }] },
  disks: [],
  nics: [],
  headless: true,
};

void t.test('definitions match the golden files', (t) => {
  for (const [name, plan] of Object.entries({ linux, windows, emulated })) {
    const file = new URL(`golden/${name}.xml`, import.meta.url);
    const xml = `${domainXml(plan)}\n`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, xml);
    t.equal(xml, readFileSync(file, 'utf8'), `${name}; UPDATE_GOLDEN=1 rewrites the files`);
  }
  t.end();
});

void t.test('no text from an operator changes the structure, and the metadata comes back unchanged', (t) => {
  const text = fc.oneof(anyXmlText, trickyText);
  const shape = (element: XmlElement | undefined): string =>
    `${element?.name ?? ''}(${element?.children.map(shape).join() ?? ''})`;
  const devices = shape(find(parseXml(domainXml(linux)), 'devices'));
  const at = fc.integer({ min: 0, max: 4e12 });
  const property = fc.property(text, text, at, fc.boolean(), (owner, purpose, expiresAtMs, neverMove) => {
    const metadata = {
      owner,
      purpose,
      expiresAtMs,
      rules: {
        neverMove,
        downtimeMaxMs: 0,
        postCopy: !neverMove,
        controlPlane: neverMove,
        placement: [],
      },
    };
    const root = parseXml(domainXml({ ...linux, metadata }));
    const element = findMetadata(root);
    return [
      t.strictSame(element && readMetadata(element), metadata),
      shape(find(root, 'devices')) === devices,
      find(root, 'name')?.text === 'web1',
    ].every(Boolean);
  });
  checkProperty(t, property, 50);
  t.end();
});

void t.test('metadata broken by hand reads as unset', (t) => {
  const element = parseXml('<vm><expiresAt>soon</expiresAt><rules downtimeMaxMs="-3" neverMove="1"/></vm>');
  t.strictSame(readMetadata(element), {
    owner: '',
    purpose: '',
    expiresAtMs: 0,
    rules: { neverMove: false, downtimeMaxMs: 0, postCopy: false, controlPlane: false, placement: [] },
  });
  t.equal(findMetadata(parseXml('<domain><metadata><x:vm xmlns:x="urn:x"/></metadata></domain>')), undefined);
  t.end();
});

void t.test(
  'metadata set through virsh reads the same: libvirt then puts the prefix on each element',
  (t) => {
    const element = findMetadata(
      parseXml(`<domain><metadata><ek:vm xmlns:ek="https://evenkeel.dev/xmlns/vm/1"><ek:owner>ops</ek:owner>
      <ek:rules neverMove="yes" downtimeMaxMs="250"/><ek:os family="windows"/></ek:vm></metadata></domain>`),
    );
    t.match(element && readMetadata(element), {
      owner: 'ops',
      rules: { neverMove: true, downtimeMaxMs: 250, postCopy: false },
    });
    t.equal(readOsFamily(element), 'windows');
    t.end();
  },
);

void t.test('a volume has its size in bytes and a format where the pool has a choice', (t) => {
  const volume = parseXml(volumeXml({ name: 'web1-vda', capacityBytes: 1e12, format: 'qcow2' }));
  t.equal(find(volume, 'capacity')?.text, '1000000000000');
  t.equal(attribute(find(volume, 'target', 'format'), 'type'), 'qcow2');
  const plain = parseXml(volumeXml({ name: 'web1-vda', capacityBytes: 512, format: undefined }));
  t.equal(find(plain, 'target'), undefined);
  t.end();
});

void t.test('an invalid rule is ignored, and one without a strength is a must-rule', (t) => {
  const read = (places: string): unknown => {
    const element = findMetadata(
      parseXml(
        `<domain><metadata><e:vm xmlns:e="https://evenkeel.dev/xmlns/vm/1"><e:rules>${places}</e:rules></e:vm></metadata></domain>`,
      ),
    );
    return element === undefined ? undefined : readMetadata(element).rules?.placement;
  };
  t.same(
    read('<e:place kind="apart" group="web"/><e:place kind="affinity" strength="perhaps"/><e:other/>'),
    [],
  );
  t.match(read('<e:place kind="pin" hosts="kvm1,  kvm2"/>'), [
    { kind: 'RULE_KIND_PIN', strength: 'RULE_STRENGTH_MUST', hosts: ['kvm1', 'kvm2'] },
  ]);
  t.end();
});
