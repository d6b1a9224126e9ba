// Tests the decoder on bytes that no honest daemon sends: an error in bounded time, never a hang, crash or huge allocation.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Connection } from '../../../agent/libvirt/connection.ts';
import * as domains from '../../../agent/libvirt/domain.ts';
import { LibvirtProtocolError } from '../../../agent/libvirt/errors.ts';
import { readEvent } from '../../../agent/libvirt/events.ts';
import * as migration from '../../../agent/libvirt/migration.ts';
import * as networks from '../../../agent/libvirt/network.ts';
import * as node from '../../../agent/libvirt/node.ts';
import { encodePacket, PacketSplitter, type Packet } from '../../../agent/libvirt/packet.ts';
import { Procedure } from '../../../agent/libvirt/procedures.ts';
import type { DomainStats } from '../../../agent/libvirt/stats-fields.ts';
import { getAllDomainStats, readDomainStats } from '../../../agent/libvirt/stats.ts';
import * as storage from '../../../agent/libvirt/storage.ts';
import { XdrReader, XdrWriter } from '../../../agent/libvirt/xdr.ts';

/** Far above what a payload of some kilobytes needs even on a loaded machine; a decoder that loops would never return. */
const DECODE_MS_MAX = 2000;
const wait = { timeoutMs: 1000 };
const uuid = '01234567-89ab-cdef-0123-456789abcdef';
const domain = { name: 'vm', uuid, id: 7 };
const pool = { name: 'pool', uuid };
const volume = { pool: 'pool', name: 'volume', key: '/volume' };
const network = { name: 'net', uuid };

/** A connection whose every reply is this payload: runs the real encoder and the real decoder of a call. */
function replying(payload: Buffer): Connection {
  return {
    call: (_name, writeArgs, readReply) => {
      writeArgs(new XdrWriter());
      const reader = new XdrReader(payload);
      const reply = readReply(reader);
      reader.end();
      return Promise.resolve(reply);
    },
    onEvent: () => () => undefined,
    closed: new Promise(() => undefined),
    isClosed: false,
    isSuspect: false,
    close: () => Promise.resolve(),
  };
}

const calls: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
  listDomains: (c) => domains.listDomains(c, 0, wait),
  lookupByName: (c) => domains.lookupByName(c, 'vm', wait),
  getState: (c) => domains.getState(c, domain, wait),
  getInfo: (c) => domains.getInfo(c, domain, wait),
  getControlInfo: (c) => domains.getControlInfo(c, domain, wait),
  getXml: (c) => domains.getXml(c, domain, 0, wait),
  rename: (c) => domains.rename(c, domain, 'other', wait),
  getAllDomainStats: (c) => getAllDomainStats(c, { groups: 0, flags: 1 }, wait),
  getJobStats: (c) => migration.getJobStats(c, domain, 0, wait),
  migrate: (c) =>
    migration.migratePeerToPeer(c, domain, { destinationUri: 'qemu+tcp://b/system', flags: 1 }, wait),
  getMaxSpeed: (c) => migration.getMaxSpeed(c, domain, wait),
  getNodeInfo: (c) => node.getNodeInfo(c, wait),
  getCpuStats: (c) => node.getCpuStats(c, wait),
  getMemoryStats: (c) => node.getMemoryStats(c, wait),
  getCapabilities: (c) => node.getCapabilities(c, wait),
  compareCpu: (c) => node.compareCpu(c, '<cpu/>', 0, wait),
  listPools: (c) => storage.listPools(c, 0, wait),
  getPoolInfo: (c) => storage.getPoolInfo(c, pool, wait),
  listVolumes: (c) => storage.listVolumes(c, pool, wait),
  getVolumeInfo: (c) => storage.getVolumeInfo(c, volume, wait),
  listNetworks: (c) => networks.listNetworks(c, 0, wait),
  isNetworkActive: (c) => networks.isNetworkActive(c, network, wait),
  listInterfaces: (c) => networks.listInterfaces(c, 0, wait),
};

const eventProcedures = Object.entries(Procedure).flatMap(([name, number]) =>
  /Event[A-Z]/.test(name) && !name.includes('Callback') ? [number] : [],
);

/** Words of a damaged or hostile packet: small counts, lengths beyond the packet, negative ones, plain noise. */
const payloads = fc
  .array(
    fc.oneof(
      fc.nat({ max: 8 }),
      fc.nat({ max: 70_000 }),
      fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 4_194_304, 4_194_305),
      fc.integer({ min: 0, max: 0xffff_ffff }),
    ),
    { maxLength: 200 },
  )
  .chain((words) => fc.nat({ max: 3 }).map((cut) => cutTail(words, cut)));

function cutTail(words: readonly number[], cut: number): Buffer {
  const buffer = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => buffer.writeUInt32BE(word, index * 4));
  return buffer.subarray(0, Math.max(0, buffer.length - cut));
}

/** Decodes, and accepts only success or a LibvirtProtocolError, in time. */
async function decodesOrRefuses(decode: () => unknown): Promise<boolean> {
  const startedMs = performance.now();
  try {
    await decode();
  } catch (error) {
    if (!(error instanceof LibvirtProtocolError)) {
      throw error;
    }
  }
  return performance.now() - startedMs < DECODE_MS_MAX;
}

void t.test('every reply decoder survives arbitrary payloads', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.values(calls)), payloads, (call, payload) =>
      decodesOrRefuses(async () => call(replying(payload))),
    ),
    { numRuns: 3000 },
  );
});

void t.test('every event decoder survives arbitrary payloads', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...eventProcedures), payloads, (procedure, payload) =>
      decodesOrRefuses(() => readEvent(procedure, new XdrReader(payload))),
    ),
    { numRuns: 3000 },
  );
});

void t.test('the splitter survives arbitrary streams and keeps no more than it was given', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 50 }), (chunks) =>
      decodesOrRefuses(() => {
        const splitter = new PacketSplitter();
        for (const chunk of chunks) {
          splitter.push(Buffer.from(chunk), () => undefined);
        }
      }),
    ),
    { numRuns: 2000 },
  );
});

void t.test('packets come out whole, wherever the stream was cut', (t) => {
  const packet = fc.record({ serial: fc.nat(), payload: fc.uint8Array({ maxLength: 300 }) });
  const cuts = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 10 }), cuts, (packets, sizes) => {
      const header = { program: 1, procedure: 2, type: 3, status: 0 };
      const stream = Buffer.concat(
        packets.map((p) => encodePacket({ ...header, serial: p.serial }, p.payload)),
      );
      const received: Packet[] = [];
      const splitter = new PacketSplitter();
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        splitter.push(stream.subarray(at, at + size), (p) => {
          received.push({ ...p, payload: Buffer.from(p.payload) });
        });
        at += size;
      }
      assert.deepEqual(
        received.map((p) => [p.serial, [...p.payload]]),
        packets.map((p) => [p.serial, [...p.payload]]),
      );
    }),
    { numRuns: 200 },
  );
  t.end();
});

void t.test('an impossible length word is refused before anything is collected', (t) => {
  for (const length of [0, 27, 33_554_437, 0xffff_ffff]) {
    const word = Buffer.alloc(4);
    word.writeUInt32BE(length);
    t.throws(() => {
      new PacketSplitter().push(word, () => undefined);
    }, LibvirtProtocolError);
  }
  t.end();
});

const count = fc.maxSafeNat().map((value) => Math.floor(value / 1024));
const name = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !text.includes('\0'));

/** Objects with a prototype, as the decoder makes them. */
const plain = { noNullPrototype: true } as const;

/** A domain as the daemon would send it, and the parameters that say so. */
const modelled = fc
  .record({
    name,
    id: fc.integer({ min: 1, max: 100_000 }),
    usableKib: count,
    vcpuNs: fc.array(count, { maxLength: 4 }),
    nics: fc.array(fc.record({ name, rxBytes: count }, plain), { maxLength: 3 }),
    disks: fc.array(fc.record({ name, path: name, readNs: count }, plain), { maxLength: 3 }),
  })
  .map((model) => ({ ...model, uuid }));
type Model = typeof modelled extends fc.Arbitrary<infer T> ? T : never;

function encodeModel(models: readonly Model[], extrasPerVcpu: number): Buffer {
  return new XdrWriter()
    .array(models, (writer, model) => {
      domains.writeDomain(writer, model).array(paramsOf(model, extrasPerVcpu), (_, [field, type, value]) => {
        writer.string(field).int(type);
        if (type === 7) {
          writer.string(String(value));
        } else if (type === 1) {
          writer.int(Number(value));
        } else {
          writer.uhyper(Number(value));
        }
      });
    })
    .finish();
}

function paramsOf(model: Model, extrasPerVcpu: number): [string, number, string | number][] {
  const extras = Array.from({ length: extrasPerVcpu }, (_, index) => `halt_poll_success_${index}.sum`);
  return [
    ['state.state', 1, 1],
    ['balloon.usable', 4, model.usableKib],
    ['iothread.count', 1, 0],
    ...model.vcpuNs.flatMap((ns, index): [string, number, string | number][] => [
      [`vcpu.${index}.time`, 4, ns],
      ...extras.map((extra): [string, number, number] => [`vcpu.${index}.${extra}`, 4, 12_345]),
    ]),
    ...model.nics.flatMap((nic, index): [string, number, string | number][] => [
      [`net.${index}.name`, 7, nic.name],
      [`net.${index}.rx.bytes`, 4, nic.rxBytes],
    ]),
    ...model.disks.flatMap((disk, index): [string, number, string | number][] => [
      [`block.${index}.name`, 7, disk.name],
      [`block.${index}.path`, 7, disk.path],
      [`block.${index}.rd.times`, 4, disk.readNs],
    ]),
  ];
}

function expected(model: Model): DomainStats {
  return {
    domain: { name: model.name, uuid, id: model.id },
    state: 1,
    balloon: { usableBytes: model.usableKib * 1024 },
    vcpus: model.vcpuNs.map((ns, index) => ({ index, timeMs: ns / 1e6 })),
    nics: model.nics,
    disks: model.disks.map((disk) => ({ name: disk.name, path: disk.path, readTimeMs: disk.readNs / 1e6 })),
  };
}

void t.test('statistics come out as they went in, in our units, whatever other fields a vCPU has', (t) => {
  fc.assert(
    fc.property(fc.array(modelled, { maxLength: 4 }), fc.nat({ max: 5 }), (models, extras) => {
      assert.deepEqual(readDomainStats(new XdrReader(encodeModel(models, extras))), models.map(expected));
    }),
    { numRuns: 200 },
  );
  t.end();
});

void t.test('truncated or bit-flipped statistics are refused or differ, and never take long', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(modelled, { minLength: 1, maxLength: 3 }),
      fc.nat(),
      fc.nat({ max: 31 }),
      fc.boolean(),
      (models, position, bit, truncate) => {
        const payload = encodeModel(models, 1);
        const at = position % payload.length;
        payload.writeUInt8(payload.readUInt8(at) ^ (1 << (bit & 7)), at);
        const damaged = truncate ? payload.subarray(0, at) : payload;
        return decodesOrRefuses(() => readDomainStats(new XdrReader(damaged)));
      },
    ),
    { numRuns: 1000 },
  );
});

void t.test('a truncated payload is always refused', (t) => {
  fc.assert(
    fc.property(fc.array(modelled, { minLength: 1, maxLength: 3 }), fc.nat(), (models, position) => {
      const payload = encodeModel(models, 0);
      const cut = payload.subarray(0, position % payload.length);
      assert.throws(() => readDomainStats(new XdrReader(cut)), LibvirtProtocolError);
    }),
    { numRuns: 200 },
  );
  t.end();
});

void t.test('a guest cannot break the sample of its host with absurd balloon counters', (t) => {
  const payload = new XdrWriter()
    .array([domain], (writer) => {
      domains.writeDomain(writer, domain).array(['balloon.usable', 'cpu.time'], (_, field) => {
        writer.string(field).int(4).uhyper(0xffff_ffff_ffff_ffffn);
      });
    })
    .finish();
  const [stats] = readDomainStats(new XdrReader(payload));
  t.notOk(stats?.balloon, 'too large to be memory: absent');
  t.ok((stats?.cpuTimeMs ?? 0) > 1e13, 'nanoseconds above 2^53 keep their size');
  t.end();
});

void t.test('a parameter of unknown type ends the decoding, since its length is unknown', (t) => {
  const payload = new XdrWriter().uint(1);
  domains.writeDomain(payload, domain).uint(1).string('cpu.time').int(8).uhyper(1);
  t.throws(() => readDomainStats(new XdrReader(payload.finish())), /unknown type 8/);
  t.end();
});

void t.test('values survive encoding and decoding', (t) => {
  fc.assert(
    fc.property(
      fc.record({
        int: fc.integer(),
        uint: fc.integer({ min: 0, max: 0xffff_ffff }),
        uhyper: fc.maxSafeNat(),
        double: fc.double({ noNaN: true }),
        text: fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0')),
        maybe: fc.option(fc.constant('yes'), { nil: undefined }),
        bytes: fc.uint8Array({ maxLength: 40 }),
        uuid: fc.uuid(),
      }),
      (value) => {
        const writer = new XdrWriter()
          .int(value.int)
          .uint(value.uint)
          .uhyper(value.uhyper)
          .hyper(-value.uhyper)
          .double(value.double)
          .string(value.text)
          .optionalString(value.maybe)
          .opaque(value.bytes)
          .uuid(value.uuid);
        const reader = new XdrReader(writer.finish());
        assert.equal(reader.int(), value.int);
        assert.equal(reader.uint(), value.uint);
        assert.equal(reader.uhyper(), value.uhyper);
        assert.equal(reader.hyperAsDouble() + value.uhyper, 0);
        assert.equal(reader.double(), value.double);
        assert.equal(reader.string(), value.text);
        assert.equal(reader.optionalString(), value.maybe);
        assert.deepEqual([...reader.opaque()], [...value.bytes]);
        assert.equal(reader.uuid(), value.uuid.toLowerCase());
        reader.end();
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});

void t.test('a sample of many KVM guests is decoded in a fraction of a sampling interval', (t) => {
  const model = {
    name: 'vm',
    uuid,
    id: 1,
    usableKib: 1,
    vcpuNs: Array.from({ length: 8 }, () => 1),
    nics: [],
    disks: [],
  };
  const payload = encodeModel(
    Array.from({ length: 200 }, () => model),
    70,
  );
  const startedMs = performance.now();
  t.equal(readDomainStats(new XdrReader(payload)).length, 200);
  const elapsedMs = performance.now() - startedMs;
  t.comment(
    `${(payload.length / 1e6).toFixed(1)} MB of 200 guests with 8 vCPUs in ${elapsedMs.toFixed(1)} ms`,
  );
  t.ok(elapsedMs < DECODE_MS_MAX);
  t.end();
});
