// Tests, between two real libvirtds, that a VM takes along all that libvirt tells of it: both definitions, autostart.
import t from 'tap';
import { define, domainByUuid, getAutostart, getXml, setAutostart } from '../../../agent/libvirt/domain.ts';
import { XmlFlag } from '../../../agent/libvirt/constants.ts';
import { MIB } from '../../../shared/units.ts';
import { whyNoLibvirtd } from '../libvirt/private-libvirtd.ts';
import { spec, type RealHost } from '../vm/real-host.ts';
import { never, remove, resultOf, startPair } from './pair.ts';
import { guardRequest } from './fake-host.ts';

const skip = whyNoLibvirtd();
const wait = { timeoutMs: 20_000 };

interface Belongings {
  readonly live: string[];
  /** The definition with which it would start next. */
  readonly next: string[];
  readonly autostart: boolean;
}

function belongingsOn(host: RealHost, uuid: string): Promise<Belongings> {
  return host.access.own(async (connection) => {
    const domain = domainByUuid(uuid);
    const lines = async (flags: number): Promise<string[]> =>
      (await getXml(connection, domain, flags, wait)).split('\n').map((line) => line.trim());
    return {
      live: (await lines(XmlFlag.secure)).map(withoutPlace),
      next: await lines(XmlFlag.inactive | XmlFlag.secure),
      autostart: await getAutostart(connection, domain, wait),
    };
  });
}

/** What each host gives anew: the number of the domain, terminals, the folder of its sockets. */
function withoutPlace(line: string): string {
  return line
    .replace(/^<domain type='qemu' id='\d+'/, "<domain type='qemu'")
    .replace(/\/dev\/pts\/\d+/g, '/dev/pts/N')
    .replace(/'[^']*\/channel\/target\/domain-\d+-/, "'domain-")
    .replace(/ index='\d+'/, '');
}

void t.test(
  'a VM takes along all that libvirt tells of it',
  skip === undefined ? {} : { skip },
  async (t) => {
    const pair = await startPair(t);
    const { source, target } = pair;
    const disks = [{ pool: 'pool', newBytes: 8 * MIB, sizeBytes: 0 }];
    const metadata = { owner: 'ann', purpose: 'a & b', expiresAtMs: 0, rules: null };
    const created = await source.create(
      { spec: spec({ name: 'owner', disks, metadata, headless: true }), start: false },
      never,
    );
    const uuid = created.uuid ?? '';
    await source.access.own(async (connection) => {
      const redefine = async (change: (xml: string) => string): Promise<void> => {
        const flags = XmlFlag.inactive | XmlFlag.secure;
        const xml = change(await getXml(connection, domainByUuid(uuid), flags, wait));
        await define(connection, xml, 0, wait);
      };
      await redefine((xml) =>
        xml
          .replace('<metadata>', '<metadata><x:keep xmlns:x="urn:other:tool">its own</x:keep>')
          .replace('<metadata>', '<title>Web 1</title><description>first line</description><metadata>'),
      );
      await source.lifecycle.start({ uuid }, never);
      await setAutostart(connection, domainByUuid(uuid), true, wait);
      // For its next start, by somebody else, while it runs.
      await redefine((xml) => xml.replace('>first line<', '>changed<').replace(/>1<\/vcpu>/, '>2</vcpu>'));
    });

    const before = await belongingsOn(source, uuid);
    t.match(before, { autostart: true });
    t.ok(before.next.includes('<description>changed</description>'));
    t.ok(before.live.includes('<description>first line</description>'));

    const request = pair.request(uuid);
    const { guard } = pair.agent(target);
    const { migrationId, epoch } = request;
    await guard.guard(
      guardRequest({ migrationId, epoch, vmUuid: uuid, commitMode: 'COMMIT_MODE_LOCK', autostart: true }),
      never,
    );
    t.match(await resultOf(pair.restart(source).migrate(request, never)), { ok: true });
    await guard.end({ migrationId, epoch, vmUuid: uuid });

    t.strictSame(await belongingsOn(target, uuid), before);
    t.match((await target.lifecycle.get({ vm: { uuid }, includeXml: false }, never)).vm, { autostart: true });
    await remove(target, uuid);
  },
);
