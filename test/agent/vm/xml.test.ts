// The XML that is handed to libvirt: exact text, no injection, and the definitions operators expect.
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { create } from 'xmlbuilder2';
import { findMetadata, readMetadata, readOsFamily } from '../../../agent/vm/metadata.ts';
import {
  attribute,
  find,
  isXmlText,
  parseXml,
  xmlText,
  type XmlElement,
} from '../../../agent/vm/xml-text.ts';
import { domainXml, volumeXml, type VmPlan } from '../../../agent/vm/xml.ts';

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

void t.test('any text comes back exactly, as text and as attribute', (t) => {
  const holds = (): void => {
    fc.assert(
      fc.property(fc.oneof(anyXmlText, trickyText), (value) => {
        const xml = create()
          .ele('x', { a: xmlText(value) })
          .txt(xmlText(value))
          .end({ headless: true });
        const parsed = parseXml(xml);
        return attribute(parsed, 'a') === value && parsed.text === value && parsed.children.length === 0;
      }),
    );
  };
  t.doesNotThrow(holds);
  t.end();
});

void t.test('a character that XML does not know is replaced, not written', (t) => {
  t.equal(isXmlText('a\u0000'), false);
  t.equal(xmlText('a\u0000b\u{D800}'), 'a\u{FFFD}b\u{FFFD}');
  t.end();
});

void t.test('a parsed tree keeps names, namespaces and own text', (t) => {
  const root = parseXml('<a><m xmlns:e="urn:e"><e:b c="1">x<d/>y</e:b></m></a>');
  const b = find(root, 'm', 'e:b');
  t.match(b, { namespace: 'urn:e', text: 'xy' });
  t.equal(find(root, 'm', 'none', 'b'), undefined);
  t.end();
});

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
    { kind: 'file', path: '/pool/web1.qcow2', format: 'qcow2' },
    { kind: 'block', path: '/dev/vg/web1', format: 'raw' },
  ],
  iso: undefined,
  nics: [
    { kind: 'bridge', name: 'br0', mac: '52:54:00:00:00:01' },
    { kind: 'network', name: 'default', mac: '52:54:00:00:00:02' },
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
  iso: '/iso/windows.iso',
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

void t.test('definitions are those on file', (t) => {
  for (const [name, plan] of Object.entries({ linux, windows, emulated })) {
    const file = new URL(`golden/${name}.xml`, import.meta.url);
    const xml = `${domainXml(plan)}\n`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, xml);
    t.equal(xml, readFileSync(file, 'utf8'), `${name}; UPDATE_GOLDEN=1 writes the files anew`);
  }
  t.end();
});

void t.test('no text of a person changes the structure, and the metadata comes back as it was', (t) => {
  const text = fc.oneof(anyXmlText, trickyText);
  const shape = (element: XmlElement | undefined): string =>
    `${element?.name ?? ''}(${element?.children.map(shape).join() ?? ''})`;
  const devices = shape(find(parseXml(domainXml(linux)), 'devices'));
  const holds = (): void => {
    fc.assert(
      fc.property(
        text,
        text,
        fc.integer({ min: 0, max: 4e12 }),
        fc.boolean(),
        (owner, purpose, at, neverMove) => {
          const metadata = {
            owner,
            purpose,
            expiresAtMs: at,
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
          t.strictSame(element && readMetadata(element), metadata);
          return shape(find(root, 'devices')) === devices && find(root, 'name')?.text === 'web1';
        },
      ),
      { numRuns: 50 },
    );
  };
  t.doesNotThrow(holds);
  t.end();
});

void t.test('metadata that a person broke reads as unset', (t) => {
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

void t.test('a rule that people wrote wrongly is none, and one without strength must hold', (t) => {
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
