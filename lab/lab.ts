// Brings the whole lab up and down.
import { copyFile, mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { readHierarchies, unifiedOf } from './hosts/cgroup.ts';
import { ensureCertificates, readCertificate } from './services/certificates.ts';
import { stageCode } from './services/code.ts';
import { agentFiles, ensureAgent, schedulerService } from './services/daemons.ts';
import { fileExists } from './files.ts';
import { ensureGuestImage } from './image/guest-image.ts';
import { ensureHost } from './hosts/host.ts';
import { undo } from './kernel/kernel-objects.ts';
import { probeKvm } from './kernel/kvm-probe.ts';
import { ensureLxcfs, lxcfsIsUp } from './hosts/lxcfs.ts';
import { ensureNetwork, networkIsUp } from './hosts/network.ts';
import {
  cacheFolder,
  codeStage,
  hostsFolder,
  leaseFolder,
  lxcfsMount,
  poolFolder,
  runFolder,
  servicesFolder,
  stateFolder,
  tlsFolder,
} from './paths.ts';
import { leaseFiles } from './hosts/host-files.ts';
import { readProfile, saveProfile, type Profile } from './hosts/profile.ts';
import { tlsFiles } from './hosts/tls-files.ts';
import { cpuViewService, ensureService, influxService, natsService } from './services/services.ts';
import { baseImage, hosts, type LabHost } from './topology.ts';

export type Say = (text: string) => void;

/** Brings up what is down and leaves alone what is right. Without `wanted`, the lab keeps its profile. */
export async function up(say: Say, wanted?: Profile): Promise<void> {
  const startedMs = systemClock.monotonicMs();
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const beganMs = systemClock.monotonicMs();
    const result = await work();
    say(`${what} (${((systemClock.monotonicMs() - beganMs) / 1000).toFixed(1)} s)`);
    return result;
  };
  // Hosts depend on the bridge and on lxcfs: if either is gone, the rest of the hosts is useless.
  if (!(await networkIsUp()) || !(await lxcfsIsUp())) await step('cleared', clear);
  for (const folder of [hostsFolder, poolFolder, leaseFolder, runFolder, servicesFolder, codeStage]) {
    await mkdir(folder, { recursive: true });
  }
  const image = await step('guest image ready', ensureGuestImage);
  const kvm = await step('KVM probed', () => probeKvm(image));
  say(kvm.usable ? 'guests run with KVM' : `guests run without KVM: ${kvm.reason}`);
  await step('network up', ensureNetwork);
  await step('lxcfs up', ensureLxcfs);
  await step('nats-server and influxd up', async () => {
    await Promise.all([ensureService(natsService), ensureService(influxService)]);
  });
  if (wanted !== undefined) await saveProfile(wanted);
  const profile = await readProfile();
  if (profile !== 'plain') say(`the hosts have the profile ${profile}`);
  const ownStat = unifiedOf(await readHierarchies()) !== undefined;
  if (ownStat) await step('/proc/stat of each host kept', () => ensureService(cpuViewService));
  await placeImage(image);
  await ensureCertificates();
  const code = await step('code staged', stageCode);
  const scheduler = await schedulerService(code);
  if (scheduler !== undefined) await step('scheduler up', () => ensureService(scheduler));
  await step('hosts up', async () => {
    await Promise.all(hosts.map((host) => upHost(host, { kvm: kvm.usable, ownStat, code, profile })));
  });
  say(`up after ${((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1)} s`);
}

async function upHost(
  host: LabHost,
  { kvm, ownStat, code, profile }: { kvm: boolean; ownStat: boolean; code: string; profile: Profile },
): Promise<void> {
  const extraFiles = [
    ...(await agentFiles(host, { kvm, ownStat, profile })),
    ...(profile === 'tls' ? tlsFiles(host, await readCertificate(host.name)) : []),
    ...(profile === 'leases' ? leaseFiles() : []),
  ];
  await ensureHost(host, { kvm, ownStat, extraFiles });
  await ensureAgent(host, code);
}

/** Ends and removes everything but the cache of slow results. */
export async function down(say: Say): Promise<void> {
  await undo();
  for (const name of await readdir(stateFolder).catch(() => [])) {
    const path = join(stateFolder, name);
    if (path !== cacheFolder) await rm(path, { recursive: true, force: true });
  }
  say('down');
}

async function clear(): Promise<void> {
  await undo();
  for (const folder of [
    hostsFolder,
    poolFolder,
    leaseFolder,
    runFolder,
    servicesFolder,
    codeStage,
    lxcfsMount,
    tlsFolder,
  ]) {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Puts the image into the pool once. Guests are clones of it, so none uses a volume that is replaced. */
async function placeImage(image: string): Promise<void> {
  const volume = join(poolFolder, baseImage);
  if (await fileExists(volume)) {
    if (await sameFile(image, volume)) return;
  }
  await copyFile(image, volume);
}

async function sameFile(a: string, b: string): Promise<boolean> {
  if ((await stat(a)).size !== (await stat(b)).size) return false;
  return (await readFile(a)).equals(await readFile(b));
}
