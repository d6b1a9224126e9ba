// Reads two dozen definitions as operators have them: what the agent makes of each, and what libvirt itself makes of it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { define, getXml, undefine } from '../../../agent/libvirt/domain.ts';
import { UndefineFlag, XmlFlag } from '../../../agent/libvirt/constants.ts';
import { LibvirtError } from '../../../agent/libvirt/errors.ts';
import { neededPaths } from '../../../agent/migration/checks/needs-check.ts';
import { obstaclesOf } from '../../../agent/migration/checks/obstacles.ts';
import { readDefinition, type DiskDefinition, type StorageSource } from '../../../agent/vm/definition.ts';
import { parseXml, writeXml, type XmlElement } from '../../../agent/vm/xml-text.ts';
import { whyNoLibvirtd } from '../libvirt/private-libvirtd.ts';
import { startRealHost } from './real-host.ts';

const FOLDER = new URL('definitions/', import.meta.url);
const wait = { timeoutMs: 20_000 };
const definitions = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.xml'))
  .map((file) => ({ name: file.slice(0, -4), xml: readFileSync(new URL(file, FOLDER), 'utf8') }));

/** The figures that an operator would check; what a VM has none of is left out. */
function figures(xml: string): Record<string, unknown> {
  const vm = readDefinition(xml);
  const all = {
    name: vm.name,
    uuid: vm.uuid,
    runsOn: `${vm.domainType} ${vm.architecture} ${vm.machineType}`,
    firmware: vm.firmware,
    secureBoot: vm.secureBoot,
    tpm: vm.tpm,
    nvram: vm.nvram === undefined ? undefined : sourceText(vm.nvram),
    vcpus: vm.vcpus,
    memoryMaxBytes: vm.memoryMaxBytes,
    osFamily: vm.osFamily,
    disks: vm.disks.map(diskText),
    nics: vm.nics.map((nic) =>
      [nic.mac, nic.kind, nic.bridge, nic.network, nic.isUnplugged ? 'unplugged' : '']
        .filter((part) => part !== '')
        .join(' '),
    ),
    consoles: vm.consoles.map(({ kind, address }) => `${kind} ${address}`),
    qemuElements: vm.qemuElements,
    obstacles: obstaclesOf(vm, new Map()).map(({ reason }) => reason),
    // libvirt orders devices by their kind.
    needs: neededPaths(vm)
      .map(({ what, path }) => `${what}: ${path}`)
      .sort(),
  };
  return Object.fromEntries(
    Object.entries(all).filter(
      ([, value]) => value !== undefined && value !== false && value !== '' && !isEmpty(value),
    ),
  );
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function sourceText({ kind, pool, source }: StorageSource): string {
  return `${kind} ${pool === '' ? '' : `${pool}/`}${source}`;
}

function diskText(disk: DiskDefinition): string {
  const marks = ['cdrom', 'isDropped', 'transient', 'readOnly', 'shareable'] as const;
  const set = marks.filter((mark) => disk[mark]);
  const below = disk.sources.slice(1).map((source) => `on ${sourceText(source)}`);
  return [disk.device, sourceText(disk), disk.format, ...set, ...below]
    .filter((part) => part !== '')
    .join(', ');
}

void t.test('each definition says what its golden file says', (t) => {
  t.equal(definitions.length, 24);
  for (const { name, xml } of definitions) {
    const file = new URL(`${name}.json`, FOLDER);
    const found = figures(xml);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
    const golden: unknown = JSON.parse(readFileSync(file, 'utf8'));
    t.strictSame(found, golden, `${name}; UPDATE_GOLDEN=1 and "npm run format" rewrite the files`);
  }
  t.end();
});

/** White space between elements is layout. */
function withoutLayout({ name, attributes, children, text }: XmlElement): unknown {
  const ownText = text.trim() === '' ? '' : text;
  return { name, attributes: [...attributes], text: ownText, children: children.map(withoutLayout) };
}

void t.test('each comes back unchanged when it is parsed and written again', (t) => {
  for (const { name, xml } of definitions) {
    const parsed = parseXml(xml);
    t.strictSame(withoutLayout(parseXml(writeXml(parsed))), withoutLayout(parsed), name);
  }
  t.end();
});

/** libvirt writes the newest version for "q35". */
function withoutAlias(found: Record<string, unknown>): Record<string, unknown> {
  return { ...found, runsOn: String(found['runsOn']).replace(/ pc-q35-[\d.]+$/, ' q35') };
}

const skip = whyNoLibvirtd();
void t.test("libvirt's own text says the same", skip === undefined ? {} : { skip }, async (t) => {
  const host = await startRealHost();
  t.teardown(() => host.stop());
  const refused: string[] = [];
  for (const { name, xml } of definitions) {
    if (readDefinition(xml).architecture !== 'x86_64') continue;
    const own = await host.access
      .own(async (connection) => {
        const domain = await define(connection, xml, 0, wait);
        const text = await getXml(connection, domain, XmlFlag.inactive, wait);
        await undefine(connection, domain, UndefineFlag.keepNvram + UndefineFlag.keepTpm, wait);
        return text;
      })
      .catch((error: unknown) => {
        if (error instanceof LibvirtError) return error;
        throw error;
      });
    if (typeof own === 'string') t.strictSame(withoutAlias(figures(own)), withoutAlias(figures(xml)), name);
    else refused.push(`${name}: ${own.message}`);
  }
  for (const line of refused) t.comment(`refused: ${line}`);
});
