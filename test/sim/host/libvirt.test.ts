// Tests the simulated libvirt against measurements on libvirt 9.0 with QEMU 7.2: which host has the guest after each fault.
import t from 'tap';
import { MIB } from '../../../shared/units.ts';
import { History } from '../../../sim/migrations/facts.ts';
import { Kvm, type SimHost, type SimVm } from '../../../sim/host/kvm.ts';
import { Libvirt } from '../../../sim/host/libvirt.ts';
import { Network } from '../../../sim/world/network.ts';
import { Random } from '../../../sim/world/random.ts';
import { Timeline } from '../../../sim/world/timeline.ts';

interface Setting {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly kvm: Kvm;
  readonly libvirt: Libvirt;
  readonly source: SimHost;
  readonly target: SimHost;
  readonly vm: SimVm;
  readonly said: { result: string };
}

function setUp(isLockable: boolean, arrivesPaused = false): Setting {
  const timeline = new Timeline();
  const history = new History(() => timeline.nowMs);
  const random = new Random(1);
  const network = new Network(timeline, random, history);
  const kvm = new Kvm(history);
  const libvirt = new Libvirt({ timeline, network, random, kvm }, () => undefined);
  const [source, target] = [kvm.addHost('h1', 4096 * MIB), kvm.addHost('h2', 4096 * MIB)];
  const vm: SimVm = {
    ...{ uuid: 'vm', name: 'vm', memoryBytes: 256 * MIB, dirtyBytesPerSecond: 1 * MIB, mayPostCopy: false },
    ...{ isLockable, lockedBy: undefined, endedBy: undefined },
  };
  kvm.addVm(vm, 'h1');
  const said = { result: '' };
  const order = {
    targetLibvirtUri: 'qemu+tcp://h2/system',
    targetMigrateUri: 'tcp://h2',
    bandwidthBytesPerSecond: 64 * MIB,
    ...{ arrivesPaused, autoConverge: false, postCopy: false },
  };
  libvirt.migrate(
    'h1',
    'vm',
    order,
    () => {
      said.result = 'ok';
    },
    (error) => {
      said.result = error.message;
    },
  );
  return { timeline, network, kvm, libvirt, source, target, vm, said };
}

async function until(setting: Setting, isSo: () => boolean): Promise<void> {
  for (let steps = 0; !isSo() && steps < 10_000; steps += 1) await setting.timeline.step();
}

async function forMs(setting: Setting, ms: number): Promise<void> {
  const end = { isReached: false };
  setting.timeline.after(ms, () => {
    end.isReached = true;
  });
  await until(setting, () => end.isReached);
}

const copying = ({ kvm }: Setting) => kvm.stateOf('h2', 'vm') === 'paused';
const switched = ({ kvm }: Setting) => kvm.stateOf('h1', 'vm') === 'paused';
const arrived = ({ kvm }: Setting) => kvm.stateOf('h2', 'vm') === 'running';

interface Row {
  readonly name: string;
  /** Without a lock on its disk. */
  readonly isDiskless?: boolean;
  readonly arrivesPaused?: boolean;
  readonly when: (setting: Setting) => boolean;
  readonly fault: (setting: Setting) => void;
  /** After this long, `cure` runs and the test waits for everything to end. */
  readonly lastsMs?: number;
  readonly cure?: (setting: Setting) => void;
  readonly source: string;
  readonly target: string;
}

const killSource = ({ libvirt, source }: Setting): void => {
  libvirt.kill(source);
};
const restartSource = ({ libvirt, source }: Setting): void => {
  libvirt.restart(source);
};
const killTarget = ({ libvirt, target }: Setting): void => {
  libvirt.kill(target);
};
const restartTarget = ({ libvirt, target }: Setting): void => {
  libvirt.restart(target);
};
const hangTarget = ({ libvirt, target }: Setting): void => {
  libvirt.hang(target);
};
const wakeTarget = ({ libvirt, target }: Setting): void => {
  libvirt.wake(target);
};
const cutBoth = ({ network }: Setting): void => {
  network.cut('h1', 'h2');
  network.cut('h2', 'h1');
};
const heal = ({ network }: Setting): void => {
  network.healAll();
};
const loseReply = ({ network }: Setting): void => {
  network.cut('h2', 'h1');
};
const killQemu =
  (hostId: string) =>
  ({ kvm, libvirt }: Setting): void => {
    const copy = kvm.copy(hostId, 'vm');
    if (copy !== undefined) kvm.kill(copy, 3, 'fault');
    libvirt.qemuEnded(hostId, 'vm');
  };
const stays = { source: 'running', target: 'absent' };
const moves = { source: 'absent', target: 'running' };
const perform = { when: copying };
const finish = { when: switched };
const started = { when: arrived };

const ROWS: readonly Row[] = [
  { name: 'no fault', ...perform, fault: () => undefined, ...moves },
  {
    name: 'paused mode',
    arrivesPaused: true,
    ...perform,
    fault: () => undefined,
    ...moves,
    target: 'paused',
  },
  {
    name: 'S2 source daemon killed in Perform',
    ...perform,
    fault: killSource,
    cure: restartSource,
    ...stays,
  },
  {
    name: 'S3 target daemon killed in Perform',
    ...perform,
    fault: killTarget,
    cure: restartTarget,
    ...stays,
  },
  { name: 'S7 link down in Perform, for good', ...perform, fault: cutBoth, ...stays },
  { name: 'S7b link down in Perform, 8 s', ...perform, fault: cutBoth, lastsMs: 8_000, cure: heal, ...moves },
  {
    ...{ name: 'S8 abort', ...stays },
    when: ({ libvirt }) => (libvirt.transferFrom('h1', 'vm')?.figures.iteration ?? 0) > 0,
    fault: ({ libvirt }) => {
      libvirt.act('h1', 'vm', 'abort');
    },
  },
  { name: 'S9 target QEMU killed in Perform', ...perform, fault: killQemu('h2'), ...stays },
  {
    name: 'S10 source QEMU killed in Perform',
    ...perform,
    fault: killQemu('h1'),
    ...stays,
    source: 'defined',
  },
  {
    ...{ name: 'S14 source daemon hangs in Perform', ...perform, ...stays },
    fault: ({ libvirt, source }) => {
      libvirt.hang(source);
    },
    cure: ({ libvirt, source }) => {
      libvirt.wake(source);
    },
  },
  {
    ...{
      name: 'S4 target daemon hangs in Finish, with a lock',
      ...finish,
      fault: hangTarget,
      cure: wakeTarget,
    },
    ...{ source: 'running', target: 'defined' },
  },
  {
    ...{ name: 'S4 target daemon hangs in Finish, diskless: SPLIT', isDiskless: true, ...finish },
    ...{ fault: hangTarget, cure: wakeTarget, source: 'running', target: 'running' },
  },
  {
    ...{ name: 'S4c answer of Finish lost, with a lock', ...started, fault: loseReply },
    ...{ source: 'paused', target: 'running' },
  },
  {
    ...{ name: 'S4c answer of Finish lost, diskless: SPLIT', isDiskless: true, ...started, fault: loseReply },
    ...{ source: 'running', target: 'running' },
  },
  {
    ...{ name: 'S4d answer of Finish lost, diskless, paused', isDiskless: true, arrivesPaused: true },
    ...{ when: ({ kvm }: Setting) => kvm.copy('h2', 'vm')?.reason === 1, fault: loseReply },
    ...{ source: 'running', target: 'paused' },
  },
  {
    ...{ name: 'S11 source daemon killed with Finish pending', ...started, fault: killSource },
    ...{ cure: restartSource, source: 'paused', target: 'running' },
  },
];

for (const row of ROWS)
  t.test(`${row.name}: source ${row.source}, target ${row.target}`, async (t) => {
    const setting = setUp(row.isDiskless !== true, row.arrivesPaused);
    await until(setting, () => row.when(setting));
    row.fault(setting);
    await forMs(setting, row.lastsMs ?? 90_000);
    row.cure?.(setting);
    await forMs(setting, 90_000);
    t.equal(setting.kvm.stateOf('h1', 'vm'), row.source);
    t.equal(setting.kvm.stateOf('h2', 'vm'), row.target);
    t.not(setting.said.result, '', 'the caller of the migration was answered');
    t.equal(setting.kvm.copy('h1', 'vm')?.role ?? 'none', 'none');
  });
