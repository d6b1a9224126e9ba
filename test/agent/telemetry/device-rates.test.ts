// Tests that each disk and NIC has a series of its own, whose rates are its own traffic or absent.
import fc from 'fast-check';
import t from 'tap';
import {
  diskSamples,
  nicSamples,
  type DiskCounters,
  type NicCounters,
  type NicPlaces,
} from '../../../agent/telemetry/device-rates.ts';
import { checkProperty } from '../../property.ts';

const MAC = '52:54:00:00:77:01';
const places: NicPlaces = {
  macByTap: new Map([
    ['vnet1', MAC],
    ['vnet2', MAC],
    ['vnet3', '52:54:00:00:77:02'],
  ]),
  addressByTap: new Map([
    ['vnet1', '0000:01:00.0'],
    ['vnet2', '0000:02:00.0'],
    ['vnet3', '0000:03:00.0'],
  ]),
};

function nicRates(
  before: readonly NicCounters[],
  now: readonly NicCounters[],
  [placesBefore, placesNow]: readonly [NicPlaces | undefined, NicPlaces | undefined] = [places, places],
): (readonly [device: string, rate: number | undefined])[] {
  const samples = nicSamples({ nics: before, places: placesBefore }, { nics: now, places: placesNow }, 5000);
  return samples.map(({ device, receiveBytesPerSecond }) => [device, receiveBytesPerSecond]);
}

void t.test(
  'NICs of one MAC are two series with their own rates, and one with a MAC of its own keeps it',
  (t) => {
    const before = [
      { name: 'vnet1', rxBytes: 1_000_000 },
      { name: 'vnet2', rxBytes: 900_000_000 },
      { name: 'vnet3', rxBytes: 0 },
    ];
    const now = [
      { name: 'vnet1', rxBytes: 1_005_000 },
      { name: 'vnet2', rxBytes: 900_010_000 },
      { name: 'vnet3', rxBytes: 500 },
    ];
    t.same(nicRates(before, now), [
      [`${MAC}@0000:01:00.0`, 1000],
      [`${MAC}@0000:02:00.0`, 2000],
      ['52:54:00:00:77:02', 100],
    ]);
    t.same(nicRates(before, now.toReversed()).toReversed(), nicRates(before, now), 'in any order');
    t.same(
      nicRates(before, now.slice(1)),
      [
        [MAC, 2000],
        ['52:54:00:00:77:02', 100],
      ],
      'the other one was unplugged',
    );
    const without = { ...places, addressByTap: new Map<string, string>() };
    t.same(
      nicRates(before, now, [without, without]).map(([device]) => device),
      [`${MAC}@1`, `${MAC}@2`, '52:54:00:00:77:02'],
      'by order where they have no address',
    );
    t.end();
  },
);

void t.test('a tap that passes to another NIC has no rates until the next reading', (t) => {
  const before = [{ name: 'vnet3', rxBytes: 100 }];
  const now = [{ name: 'vnet3', rxBytes: 900_000_000 }];
  const other = (change: Partial<NicPlaces>): NicPlaces => ({ ...places, ...change });
  const mac = other({ macByTap: new Map([['vnet3', MAC]]) });
  t.same(nicRates(before, now, [places, mac]), [[MAC, undefined]]);
  const address = other({ addressByTap: new Map([['vnet3', '0000:09:00.0']]) });
  t.same(nicRates(before, now, [places, address]), [['52:54:00:00:77:02', undefined]]);
  t.same(nicRates(before, now, [undefined, places]), [['52:54:00:00:77:02', undefined]], 'unknown before');
  t.end();
});

void t.test('what libvirt does not report is named, and has no rates', (t) => {
  const now = { nics: [{ name: 'vnet1' }, { name: 'vnet3', rxBytes: 5, txBytes: 6, rxPackets: 7 }], places };
  const [silent, partly] = nicSamples(now, now, 5000);
  t.equal(silent?.unknown.length, 8);
  t.notOk(Object.keys(silent ?? {}).some((key) => key.endsWith('PerSecond')));
  t.match(partly, { receiveBytes: 5, receiveBytesPerSecond: 0, receivePacketsPerSecond: 0 });
  t.same(partly?.unknown, [
    'transmit_packets',
    'receive_errors',
    'transmit_errors',
    'receive_drops',
    'transmit_drops',
  ]);
  t.equal(partly?.transmitPacketsPerSecond, undefined);
  const disks = [{ name: 'sda' }, { name: 'sdb', capacityBytes: 5 }, { name: 'vda', readBytes: 7 }];
  const [disk, ...more] = diskSamples(disks, disks, 5000);
  t.match(disk, { device: 'vda', readBytes: 7, readBytesPerSecond: 0 });
  t.same(disk?.unknown, [
    'write_bytes',
    'read_requests',
    'write_requests',
    'capacity_bytes',
    'allocation_bytes',
  ]);
  t.same(more, [], 'a drive without counters is none');
  t.end();
});

void t.test('a device of which any counter fell has no rates and no latency', (t) => {
  const nics = [{ name: 'vnet3', rxBytes: 100, rxPackets: 50 }];
  t.same(nicRates(nics, [{ name: 'vnet3', rxBytes: 900, rxPackets: 2 }]), [['52:54:00:00:77:02', undefined]]);
  const before = [{ name: 'vda', readBytes: 4096, readRequests: 100, readTimeMs: 10, writeBytes: 9 }];
  const now = [{ name: 'vda', readBytes: 9000, readRequests: 101, readTimeMs: 5000, writeBytes: 0 }];
  const [disk] = diskSamples(before, now, 5000);
  t.match(disk, { device: 'vda', readBytes: 9000, writeBytes: 0, readRequests: 101 });
  t.notOk(Object.keys(disk ?? {}).some((key) => /PerSecond|Latency/.test(key)));
  t.end();
});

void t.test('another medium in a drive has no rates until the next reading', (t) => {
  const of = (path: string, readBytes: number): DiskCounters[] => [{ name: 'sda', path, readBytes }];
  t.match(diskSamples(of('/a.iso', 0), of('/b.iso', 9e9), 5000), [{ readBytesPerSecond: undefined }]);
  t.match(diskSamples(of('/b.iso', 0), of('/b.iso', 5000), 5000), [{ readBytesPerSecond: 1000 }]);
  t.end();
});

/** A NIC of the model: what its counters show, and what it really received. */
interface Card {
  readonly tap: string;
  readonly mac: string;
  readonly address: string;
  rxBytes: number;
  rxPackets: number;
  /** Received since the reading before. */
  bytes: number;
  /** It counted all the time, so that its rate can be known. */
  isSteady: boolean;
}

interface Step {
  readonly what: string;
  readonly tap: number;
  readonly mac: number;
  readonly address: number;
  readonly bytes: number;
}

const few = fc.constantFrom(0, 1, 2);
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('traffic', 'traffic', 'traffic', 'plug', 'unplug', 'restart'),
  tap: few,
  mac: few,
  address: few,
  bytes: fc.nat(1_000_000),
});

/** Changes the cards as a host and its guest do between two readings. */
function act(cards: Card[], { what, tap, mac, address, bytes }: Step): void {
  const card = cards.find((each) => each.tap === `vnet${tap}`);
  if (what === 'plug') {
    const place = `0000:0${address}:00.0`;
    if (card !== undefined || cards.some((each) => each.address === place)) return;
    cards.push({
      tap: `vnet${tap}`,
      mac: `52:54:00:00:77:0${mac}`,
      address: place,
      rxBytes: 0,
      rxPackets: 0,
      bytes: 0,
      isSteady: false,
    });
  } else if (card === undefined) return;
  else if (what === 'unplug') cards.splice(cards.indexOf(card), 1);
  else if (what === 'restart') Object.assign(card, { rxBytes: 0, rxPackets: 0, isSteady: false });
  else {
    card.rxBytes += bytes;
    card.bytes += bytes;
    card.rxPackets += 1;
  }
}

function readingOf(cards: readonly Card[]): { nics: NicCounters[]; places: NicPlaces } {
  return {
    nics: cards.map(({ tap, rxBytes, rxPackets }) => ({ name: tap, rxBytes, rxPackets })),
    places: {
      macByTap: new Map(cards.map(({ tap, mac }) => [tap, mac])),
      addressByTap: new Map(cards.map(({ tap, address }) => [tap, address])),
    },
  };
}

void t.test(
  'NICs come, go, restart and share MACs and taps: a rate is what one of them received, or absent',
  (t) => {
    const property = fc.property(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 20 }), (ticks) => {
      const cards: Card[] = [];
      let before = readingOf(cards);
      for (const steps of ticks) {
        for (const card of cards) Object.assign(card, { bytes: 0, isSteady: true });
        for (const each of steps) act(cards, each);
        const now = readingOf(cards);
        const samples = nicSamples(before, now, 1000);
        before = now;
        if (new Set(samples.map(({ device }) => device)).size !== cards.length) return false;
        for (const [at, { bytes, isSteady, mac }] of cards.entries()) {
          const rate = samples[at]?.receiveBytesPerSecond;
          if (samples[at]?.device.startsWith(mac) !== true) return false;
          if (isSteady ? rate !== bytes : rate !== undefined && !(rate >= 0 && rate <= bytes)) return false;
        }
      }
      return true;
    });
    checkProperty(t, property, 2000);
    t.end();
  },
);
