// Starts a private libvirtd with a storage pool and the agent's parts on it, for tests of commands.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { createCreator, type CreateContext, type CreateVm } from '../../../agent/vm/create.ts';
import { Creations } from '../../../agent/vm/creations.ts';
import { createLifecycle, type Lifecycle } from '../../../agent/vm/lifecycle.ts';
import { startLibvirtAccess, type LibvirtAccess } from '../../../agent/libvirt-access.ts';
import { openStateFolder } from '../../../agent/state/disk.ts';
import type { StateFolder } from '../../../agent/state/folder.ts';
import { createPool } from '../../../agent/libvirt/storage.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { VmSpec } from '../../../shared/gen/agent.ts';
import { GIB, MIB } from '../../../shared/units.ts';
import { giveAway, startMigratingLibvirtd, type PrivateLibvirtd } from '../libvirt/private-libvirtd.ts';

export interface RealHost {
  readonly daemon: PrivateLibvirtd;
  readonly access: LibvirtAccess;
  readonly context: CreateContext;
  readonly create: CreateVm;
  readonly lifecycle: Lifecycle;
  readonly poolDirectory: string;
  /** The agent's state folder. */
  readonly state: StateFolder;
  /** The address under which its peers connect. */
  readonly uri: string;
  stop(): Promise<void>;
}

/**
 * Emulated guests only, so that it runs without KVM; bridge "br-test" is said to exist.
 * `sharedPool`: the pool's folder is another host's, as on shared storage.
 */
export async function startRealHost(sharedPool?: string): Promise<RealHost> {
  const daemon = await startMigratingLibvirtd();
  const poolDirectory = sharedPool ?? join(daemon.directory, 'pool');
  mkdirSync(poolDirectory, { recursive: true });
  giveAway(poolDirectory);
  const socket = daemon.target.kind === 'unix' ? daemon.target.path : '';
  const settings = { uri: 'qemu:///session', socket, timeoutMs: 20_000 };
  const access = startLibvirtAccess(settings, systemClock, Math.random);
  const pool = `<pool type='dir'><name>pool</name><target><path>${poolDirectory}</path></target></pool>`;
  await access.own((connection) => createPool(connection, pool, { timeoutMs: 20_000 }));
  const logger = pino({ level: 'silent' });
  const state = openStateFolder(join(daemon.directory, 'state'));
  const context: CreateContext = {
    access,
    clock: systemClock,
    random: Math.random,
    logger,
    creations: await Creations.open(state, logger),
    look: {
      hypervisor: { type: 'qemu', cpuModel: '' },
      lookAtLink: (name) => (name === 'br-test' ? { bridge: 'linux', isUp: true } : undefined),
      random: Math.random,
    },
    hostSize: () => ({ cpuCores: 2, memoryBytes: 4 * GIB }),
    newUuid: () => crypto.randomUUID(),
  };
  return {
    daemon,
    access,
    context,
    create: createCreator(context),
    lifecycle: createLifecycle(
      access,
      systemClock,
      () => Promise.resolve(),
      () => Promise.resolve(false),
    ),
    poolDirectory,
    state,
    uri: daemon.uri,
    stop: async () => {
      await access.stop();
      await daemon.stop();
    },
  };
}

/** A small VM that needs no devices from the test. */
export function spec(change: Partial<VmSpec> = {}): VmSpec {
  return {
    name: 'web1',
    vcpus: 1,
    memoryBytes: 32 * MIB,
    disks: [],
    iso: '',
    nics: [],
    firmware: 'FIRMWARE_BIOS',
    osFamily: 'OS_FAMILY_LINUX',
    metadata: null,
    headless: false,
    ...change,
  };
}
