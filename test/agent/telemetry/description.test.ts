// Tests what is read of a live definition for the samples: the NIC behind each tap, on a real libvirt also across a migration.
import t from 'tap';
import { define, domainByUuid, getXml } from '../../../agent/libvirt/domain.ts';
import { describeVm } from '../../../agent/telemetry/description.ts';
import { MIB } from '../../../shared/units.ts';
import { whyNoLibvirtd } from '../libvirt/private-libvirtd.ts';
import { never, remove, resultOf, startPair } from '../migration/pair.ts';
import { spec, type RealHost } from '../vm/real-host.ts';

function domain(...nics: readonly string[]): string {
  const interfaces = nics.map((nic) => `<interface type='bridge'>${nic}</interface>`).join('');
  return `<domain><devices>${interfaces}</devices></domain>`;
}

const mac = "<mac address='52:54:00:AB:00:01'/>";

void t.test('each tap leads to the MAC and the address of its NIC, also where NICs share a MAC', (t) => {
  const { macByTap, addressByTap } = describeVm(
    domain(
      `${mac}<target dev='vnet1'/><address type='pci' domain='0x0000' bus='0x01' slot='0x0a' function='0x0' multifunction='on'/>`,
      `${mac}<target dev='vnet2'/><address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'/>`,
      `${mac}<target dev='vnet3'/>`,
      `${mac}<address type='pci' domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>`,
    ),
  );
  t.strictSame(
    [...macByTap],
    [
      ['vnet1', '52:54:00:ab:00:01'],
      ['vnet2', '52:54:00:ab:00:01'],
      ['vnet3', '52:54:00:ab:00:01'],
    ],
  );
  t.strictSame(
    [...addressByTap],
    [
      ['vnet1', '0000:01:0a.0'],
      ['vnet2', 'fe.0.0001'],
    ],
  );
  t.end();
});

const wait = { timeoutMs: 20_000 };

/** The NICs of a live definition, with a tap where an unprivileged libvirt gives them none. */
async function addressesOn(host: RealHost, uuid: string): Promise<[string, string][]> {
  const xml = await host.access.own((connection) => getXml(connection, domainByUuid(uuid), 0, wait));
  let taps = 0;
  const withTaps = xml.replaceAll('</interface>', () => `<target dev='tap${(taps += 1)}'/></interface>`);
  return [...describeVm(withTaps).addressByTap];
}

const skip = whyNoLibvirtd();
void t.test(
  'the addresses of NICs that share a MAC stay as they are across a migration',
  skip === undefined ? {} : { skip },
  async (t) => {
    const pair = await startPair(t);
    const { source, target } = pair;
    const disks = [{ pool: 'pool', newBytes: 8 * MIB, sizeBytes: 0 }];
    const made = spec({ name: 'twins', disks, headless: true });
    const { uuid = '' } = await source.create({ spec: made, start: false }, never);
    await source.access.own(async (connection) => {
      const xml = await getXml(connection, domainByUuid(uuid), 0, wait);
      const nic = `<interface type='user'>${mac}<model type='virtio'/></interface>`;
      await define(connection, xml.replace('</devices>', `${nic}${nic}</devices>`), 0, wait);
    });
    await source.lifecycle.start({ uuid }, never);
    const before = await addressesOn(source, uuid);
    t.match(before, [
      ['tap1', /^0000:[0-9a-f]{2}:00\.0$/],
      ['tap2', /^0000:[0-9a-f]{2}:00\.0$/],
    ]);
    t.not(before[0]?.[1], before[1]?.[1]);
    t.match(await resultOf(pair.restart(source).migrate(pair.request(uuid), never)), { ok: true });
    t.strictSame(await addressesOn(target, uuid), before);
    await remove(target, uuid);
  },
);
