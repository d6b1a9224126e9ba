// Tests the agent's memory of migrations: which epoch it obeys, that a copy starts once, and what survives a power failure.
import fc from 'fast-check';
import t from 'tap';
import {
  ruleEnd,
  ruleGuard,
  ruleStart,
  ruleTouch,
  type MigrationKey,
  type SourceIntent,
  type TargetIntent,
  type VmRecord,
} from '../../../../agent/migration/promises/claims.ts';
import { readRecords, writeRecords } from '../../../../agent/migration/promises/intent-text.ts';
import { Intents, INTENTS_FILE } from '../../../../agent/migration/promises/intents.ts';
import type { StateFolder } from '../../../../agent/state/folder.ts';
import { HOUR_MS } from '../../../../shared/units.ts';
import { ManualClock } from '../../../manual-clock.ts';

const source: SourceIntent = {
  role: 'source',
  order: {
    targetHostId: 'b',
    targetLibvirtUri: 'qemu+tls://b/system',
    targetMigrateUri: '',
    bandwidthBytesPerSecond: 1_000_000,
    downtimeMaxMs: 300,
    timeoutMs: 60_000,
    commitMode: 'COMMIT_MODE_LOCK',
    autoConverge: false,
    postCopy: false,
  },
  previousDowntimeMs: 300,
};

const target: TargetIntent = {
  role: 'target',
  vmName: 'web1',
  commitMode: 'COMMIT_MODE_PAUSED',
  memoryBytes: 1_000_000,
  sourceHostId: 'a',
  sourceAgentAddress: 'a:7443',
  sourceCertificateSha256: 'aa',
  autostart: false,
  definedBefore: false,
  isSettled: false,
};

const clock = new ManualClock();
const vm = '11111111-2222-3333-4444-555555555555';
const first = { migrationId: 'm1', epoch: 3 };
const started: VmRecord = { ...first, intent: source, hasEnded: false };

void t.test('a copy starts once, and a later leader of the same migration attaches to it', (t) => {
  t.strictSame(ruleStart(undefined, first, source), { record: started, answer: { kind: 'new' } });
  t.strictSame(ruleStart(started, first, source), { record: started, answer: { kind: 'known' } });
  const raised = { ...first, epoch: 5 };
  t.strictSame(ruleStart(started, raised, source), {
    record: { ...started, epoch: 5 },
    answer: { kind: 'known' },
  });
  const other = { migrationId: 'm2', epoch: 4 };
  t.equal(ruleStart(started, other, source).answer.kind, 'new', 'a later migration');
  t.match(ruleStart(started, { ...other, epoch: 3 }, source).answer, { kind: 'fenced', seen: first });
  t.match(ruleStart(started, { ...first, epoch: 2 }, source).answer, { kind: 'fenced' });
  t.end();
});

void t.test('an order that comes after the look or the end of its migration starts nothing', (t) => {
  const looked = ruleTouch(undefined, first).record;
  t.equal(ruleStart(looked, first, source).answer.kind, 'unstarted');
  t.equal(ruleStart(looked, { ...first, epoch: 4 }, source).answer.kind, 'new', 'ordered by a later leader');
  const ended = ruleEnd(started, first).record;
  t.match(ended, { intent: undefined, hasEnded: true });
  t.equal(ruleStart(ended, first, source).answer.kind, 'unstarted');
  t.equal(ruleStart(ended, { ...first, epoch: 9 }, source).answer.kind, 'unstarted');
  t.equal(ruleGuard(ended, first, target).answer.kind, 'ended');
  t.equal(ruleTouch(ended, first).answer.kind, 'ended');
  t.equal(ruleEnd(ended, first).record, ended, 'told twice, it is written once');
  t.end();
});

void t.test('a guard answers twice the same, whatever has arrived in between', (t) => {
  const { record, answer } = ruleGuard(undefined, first, target);
  t.strictSame(answer, { kind: 'guarded', definedBefore: false });
  const again = ruleGuard(record, { ...first, epoch: 4 }, { ...target, definedBefore: true });
  t.strictSame(again.answer, { kind: 'guarded', definedBefore: false });
  t.match(again.record, { epoch: 4, intent: { definedBefore: false } });
  t.end();
});

const key = fc.record({
  epoch: fc.integer({ min: 1, max: 5 }),
  migrationId: fc.constantFrom('m1', 'm2', 'm3'),
});
const command = fc.record({ kind: fc.constantFrom('start', 'guard', 'touch', 'end'), key });
type Ruled = (
  record: VmRecord | undefined,
  key: MigrationKey,
) => { record: VmRecord | undefined; answer: { kind: string } };
const rulings: Readonly<Record<string, Ruled>> = {
  start: (record, key) => ruleStart(record, key, source),
  guard: (record, key) => ruleGuard(record, key, target),
  touch: ruleTouch,
  end: ruleEnd,
};

/** The epoch never falls; who is fenced changes nothing, and nobody else is behind what was seen. */
function isOrderly(
  before: VmRecord | undefined,
  key: MigrationKey,
  { record, answer }: ReturnType<Ruled>,
): boolean {
  if (answer.kind === 'fenced') return record === before;
  const [was, is] = [before?.epoch ?? 0, record?.epoch ?? 0];
  return is >= was && is <= key.epoch;
}

void t.test(
  'whatever comes in whatever order: epochs only grow, and no copy starts twice under one id',
  (t) => {
    const holds = (): void => {
      fc.assert(
        fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
          let record: VmRecord | undefined;
          const starts: string[] = [];
          for (const { kind, key } of commands) {
            const ruled = rulings[kind]?.(record, key);
            if (ruled === undefined || !isOrderly(record, key, ruled)) return false;
            if (kind === 'start' && ruled.answer.kind === 'new')
              starts.push(`${key.migrationId}@${key.epoch}`);
            record = ruled.record;
          }
          return new Set(starts).size === starts.length;
        }),
      );
    };
    t.doesNotThrow(holds);
    t.end();
  },
);

/** A folder that writes down what is done to it, and fails or loses power where told. */
class TestFolder implements StateFolder {
  readonly path = '/state';
  readonly done: string[] = [];
  readonly files = new Map<string, string>();
  /** What survives when the power fails now. */
  durable = new Map<string, string>();
  readonly #flushed = new Map<string, string>();
  failAt: string | undefined;

  read(name: string): Promise<string | undefined> {
    return Promise.resolve(this.files.get(name));
  }

  write(name: string, text: string): Promise<void> {
    return this.#do(`write ${name}`, () => {
      this.files.set(name, text);
      this.#flushed.set(name, text.slice(0, text.length / 2));
    });
  }

  flush(name: string): Promise<void> {
    return this.#do(`flush ${name}`, () => this.#flushed.set(name, this.files.get(name) ?? ''));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do(`rename ${from}`, () => {
      this.files.set(to, this.files.get(from) ?? '');
      this.#flushed.set(to, this.#flushed.get(from) ?? '');
      this.files.delete(from);
      this.#flushed.delete(from);
    });
  }

  flushFolder(): Promise<void> {
    return this.#do('flush folder', () => {
      this.durable = new Map(this.#flushed);
    });
  }

  /** The disk as it is found after the power failed; `isNamed`: the last rename happened to be on it already. */
  afterPowerFailure(isNamed: boolean): TestFolder {
    const found = new TestFolder();
    for (const [name, text] of isNamed ? this.#flushed : this.durable) found.files.set(name, text);
    return found;
  }

  async #do(what: string, work: () => unknown): Promise<void> {
    await Promise.resolve();
    if (this.failAt === what) throw new Error(`${what}: ENOSPC: no space left on device`);
    this.done.push(what);
    work();
  }
}

const start = (intents: Intents, key: MigrationKey): Promise<string> =>
  intents.rule(vm, (record) => ruleStart(record, key, source)).then(({ kind }) => kind);

void t.test('a promise is on disk, whole and flushed, before it is given', async (t) => {
  const folder = new TestFolder();
  const intents = new Intents(folder, clock);
  t.equal(await start(intents, first), 'new');
  t.strictSame(folder.done, [
    'write intents.json.new',
    'flush intents.json.new',
    'rename intents.json.new',
    'flush folder',
  ]);
  t.equal(await start(intents, first), 'known');
  t.equal(folder.done.length, 4, 'nothing new, nothing written');
  t.strictSame(await new Intents(folder.afterPowerFailure(false), clock).open(), [[vm, started]]);
});

void t.test('when the power fails at any point, the old or the new is found, never a torn one', async (t) => {
  const steps = ['write', 'flush', 'rename', 'flush folder'];
  for (const [index] of steps.entries())
    for (const isNamed of [false, true]) {
      const folder = new TestFolder();
      const intents = new Intents(folder, clock);
      await start(intents, first);
      const next = folder.done[index];
      folder.failAt = next;
      await t.rejects(start(intents, { migrationId: 'm2', epoch: 4 }), {
        code: 'FAILED_PRECONDITION',
        message: /no migration starts before this works; check stateDirectory/,
      });
      const found = await new Intents(folder.afterPowerFailure(isNamed), clock).of(vm);
      t.ok(found?.migrationId === 'm1' || found?.migrationId === 'm2', `after ${next ?? ''}`);
    }
});

void t.test('a file of version 1 stays readable, and what is wrong in one is named', (t) => {
  const order =
    '{"targetHostId":"b","targetLibvirtUri":"qemu+tls://b/system","targetMigrateUri":"","bandwidthBytesPerSecond":1000000,"downtimeMaxMs":300,"timeoutMs":60000,"commitMode":"COMMIT_MODE_LOCK","autoConverge":false,"postCopy":false}';
  const guarded =
    '{"role":"target","vmName":"web1","commitMode":"COMMIT_MODE_PAUSED","memoryBytes":1000000,"sourceHostId":"a","sourceAgentAddress":"a:7443","sourceCertificateSha256":"aa","definedBefore":false,"isSettled":false}';
  const body = `{"version":1,"vms":{"v1":{"migrationId":"m1","epoch":3,"intent":{"role":"source","order":${order},"previousDowntimeMs":300},"hasEnded":false},"v2":{"migrationId":"m1","epoch":3,"intent":${guarded},"hasEnded":false},"v3":{"migrationId":"m1","epoch":3,"hasEnded":true}}}`;
  const records = new Map<string, VmRecord>([
    ['v1', started],
    ['v2', { ...first, intent: target, hasEnded: false }],
    ['v3', { ...first, intent: undefined, hasEnded: true }],
  ]);
  const written = `${body}\nce4a5cee\n`;
  t.strictSame(readRecords(written), records);
  // What was added since is written too.
  t.equal(
    writeRecords(records).split('\n')[0],
    body.replace('"definedBefore"', '"autostart":false,"definedBefore"'),
  );
  const negative = writeRecords(new Map([['v1', { ...started, epoch: -1 }]]));
  t.throws(() => readRecords(negative), {
    message: 'intents.vms.v1.epoch: must be a whole number of 0 or more, is -1',
  });
  t.end();
});

void t.test('a torn or altered file is never half believed', async (t) => {
  const whole = writeRecords(new Map([[vm, started]]));
  t.strictSame(readRecords(whole), new Map([[vm, started]]));
  const guarded: VmRecord = { ...first, intent: target, hasEnded: false };
  t.strictSame(readRecords(writeRecords(new Map([[vm, guarded]]))).get(vm), guarded);
  for (let length = 0; length < whole.length; length += 7)
    t.throws(() => readRecords(whole.slice(0, length)), /checksum/, `cut at ${length}`);
  t.throws(() => readRecords(whole.replace('"epoch":3', '"epoch":2')), /checksum/);
  const folder = new TestFolder();
  folder.files.set(INTENTS_FILE, whole.slice(0, 40));
  const intents = new Intents(folder, clock);
  const refused = {
    code: 'FAILED_PRECONDITION',
    message: /no migration starts or continues here until.*move the file away/,
  };
  await t.rejects(start(intents, first), refused);
  await t.rejects(intents.open(), refused);
  t.equal(folder.files.get(INTENTS_FILE), whole.slice(0, 40), 'and it is left as it is');
  folder.files.delete(INTENTS_FILE);
  t.equal(await start(intents, first), 'new', 'moved away, all goes on');
});

void t.test('what was forgotten first was used longest ago, and never an open promise', async (t) => {
  const records = new Map<string, VmRecord>([['open', started]]);
  for (let index = 0; index < 9_999; index += 1)
    records.set(`vm${index}`, { ...first, intent: undefined, hasEnded: true });
  const folder = new TestFolder();
  folder.files.set(INTENTS_FILE, writeRecords(records));
  const intents = new Intents(folder, clock);
  await start(intents, first);
  t.ok(await intents.of('open'));
  t.equal(await intents.of('vm0'), undefined);
  t.ok(await intents.of('vm1'));
});

void t.test(
  'a remembered epoch that lies more than a day ahead fences nobody, and its promise stays',
  async (t) => {
    const nowMs = clock.nowMs();
    const folder = new TestFolder();
    const far: VmRecord = { ...started, migrationId: 'far', epoch: Number.MAX_SAFE_INTEGER };
    const near: VmRecord = { ...started, migrationId: 'near', epoch: nowMs + 24 * HOUR_MS };
    folder.files.set(
      INTENTS_FILE,
      writeRecords(
        new Map([
          [vm, far],
          ['near', near],
        ]),
      ),
    );
    const intents = new Intents(folder, clock);
    t.strictSame(await intents.of(vm), { ...far, epoch: 0 });
    t.strictSame(await intents.open(), [
      [vm, { ...far, epoch: 0 }],
      ['near', near],
    ]);
    t.match(await intents.rule('near', (record) => ruleTouch(record, { migrationId: 'm9', epoch: nowMs })), {
      kind: 'fenced',
    });
    t.equal(
      await start(intents, { migrationId: 'far', epoch: nowMs }),
      'known',
      'its copy does not start twice',
    );
    t.equal(await start(intents, { migrationId: 'm9', epoch: nowMs - 1 }), 'fenced', 'epochs count again');
    t.equal(await start(intents, { migrationId: 'm9', epoch: nowMs + 1 }), 'new');
    t.match(await new Intents(folder, clock).of(vm), { migrationId: 'm9', epoch: nowMs + 1 });
  },
);
