// Builds the guests' disk: syslinux, Debian's cloud kernel, busybox and guestd, with no loop device and no mount.
import { createHash } from 'node:crypto';
import { open, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileExists } from '../files.ts';
import { runCommand } from '../command.ts';
import { writeCpio, type CpioEntry } from './cpio.ts';
import { partitionStartSectors, sectorBytes, writeMbr } from './mbr.ts';
import { cacheFolder, repositoryRoot, runFolder } from '../paths.ts';

/** The kernel and its initramfs take about 17 MiB; the rest is room for larger kernels. */
const diskBytes = 40 * 1024 ** 2;
const partitionOffsetBytes = partitionStartSectors * sectorBytes;

/** Modules for virtio devices; `button` and `evdev` let the guest notice `virsh shutdown`. */
const wantedModules = [
  'virtio_pci',
  'virtio_blk',
  'virtio_net',
  'virtio_balloon',
  'virtio-rng',
  'button',
  'evdev',
] as const;

// tsc=unstable: an emulated processor on a busy machine seems to count unevenly; a guest that detects it changes its clock.
const syslinuxConfig = `DEFAULT guest
PROMPT 0
TIMEOUT 0
LABEL guest
  KERNEL vmlinuz
  INITRD initrd.gz
  APPEND console=ttyS0 quiet panic=1 mitigations=off tsc=unstable random.trust_cpu=on
`;

const stepTimeoutMs = 60_000;

/**
 * Returns the path of the guests' disk image; builds it if none with the same kernel, programs and recipe is cached.
 * The image is raw, so that a copy is a clone.
 */
export async function ensureGuestImage(): Promise<string> {
  const kernel = await newestKernel();
  const modules = await kernelModules(kernel.version);
  const sources = await guestSources();
  const digest = createHash('sha256');
  for (const part of [kernel.version, syslinuxConfig, sources.init, sources.guestd, sources.busybox]) {
    digest.update(part);
  }
  digest.update(String(diskBytes));
  const image = join(cacheFolder, `${digest.digest('hex').slice(0, 16)}.img`);
  if (await fileExists(image)) return image;

  for (const folder of [cacheFolder, runFolder]) await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(runFolder, 'image-'));
  try {
    const guestd = await compile(work);
    const initramfs = writeCpio(initramfsEntries({ ...sources, guestd, modules }));
    await writeFile(join(work, 'initrd.gz'), gzipSync(initramfs));
    await writeFile(join(work, 'syslinux.cfg'), syslinuxConfig);
    await makeDisk(work, kernel.path);
    // Renamed when complete: a builder that is killed leaves no image that looks finished.
    await rename(join(work, 'disk.img'), image);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return image;
}

interface GuestFiles {
  readonly init: Uint8Array;
  readonly busybox: Uint8Array;
  readonly guestd: Uint8Array;
  /** In the order in which they must be loaded. */
  readonly modules: readonly Uint8Array[];
}

export function initramfsEntries(files: GuestFiles): CpioEntry[] {
  const folders = ['dev', 'proc', 'sys', 'bin', 'modules'];
  return [
    ...folders.map((path) => ({ kind: 'directory', path }) as const),
    { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'init', content: files.init, executable: true },
    { kind: 'file', path: 'bin/busybox', content: files.busybox, executable: true },
    { kind: 'file', path: 'bin/guestd', content: files.guestd, executable: true },
    ...files.modules.map(
      (content, index) =>
        ({
          kind: 'file',
          path: `modules/${String(index).padStart(2, '0')}.ko`,
          content,
          executable: false,
        }) as const,
    ),
  ];
}

/**
 * The files to load for `wanted`, each after its dependencies. `modulesDep` is the kernel's modules.dep, whose lines
 * name a file and everything it needs, nearest first. Throws for a module that is in neither list.
 */
export function moduleLoadOrder(
  modulesDep: string,
  modulesBuiltin: string,
  wanted: readonly string[],
): string[] {
  const dependencies = new Map<string, readonly string[]>();
  for (const line of modulesDep.split('\n')) {
    const [file, needs] = line.split(':');
    if (file === undefined || needs === undefined) continue;
    dependencies.set(file, needs.split(' ').filter(Boolean));
  }
  const fileOf = (name: string): string | undefined =>
    [...dependencies.keys()].find((file) => file.endsWith(`/${name}.ko`));
  const order: string[] = [];
  // Post-order over the files' own lines: a line lists all dependencies, but not in an order in which they can be loaded.
  const visit = (file: string): void => {
    if (order.includes(file)) return;
    for (const need of dependencies.get(file) ?? []) visit(need);
    order.push(file);
  };
  for (const name of wanted) {
    const file = fileOf(name);
    if (file !== undefined) visit(file);
    else if (!modulesBuiltin.includes(`/${name}.ko`))
      throw new Error(`kernel module ${name}: not in this kernel`);
  }
  return order;
}

async function newestKernel(): Promise<{ version: string; path: string }> {
  const versions = (await readdir('/boot'))
    .filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name))
    .map((name) => name.slice('vmlinuz-'.length))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const version = versions.at(-1);
  if (version === undefined) {
    throw new Error(
      'guest image: no /boot/vmlinuz-*-cloud-amd64; install the package linux-image-cloud-amd64',
    );
  }
  return { version, path: `/boot/vmlinuz-${version}` };
}

async function kernelModules(version: string): Promise<Uint8Array[]> {
  const folder = `/lib/modules/${version}`;
  const order = moduleLoadOrder(
    await readFile(join(folder, 'modules.dep'), 'utf8'),
    await readFile(join(folder, 'modules.builtin'), 'utf8'),
    wantedModules,
  );
  return Promise.all(order.map((file) => readFile(join(folder, file))));
}

const guestdSource = join(repositoryRoot, 'lab/image/guest/guestd.c');

async function guestSources(): Promise<Omit<GuestFiles, 'modules'>> {
  const [init, guestd, busybox] = await Promise.all(
    [join(repositoryRoot, 'lab/image/guest/init'), guestdSource, '/bin/busybox'].map((path) =>
      readFile(path),
    ),
  );
  if (init === undefined || guestd === undefined || busybox === undefined) throw new Error('unreachable');
  return { init, guestd, busybox };
}

async function compile(work: string): Promise<Uint8Array> {
  const output = join(work, 'guestd');
  await runCommand(
    ['gcc', '-static', '-O2', '-s', '-Wall', '-Wextra', '-Werror', '-o', output, guestdSource],
    {
      timeoutMs: stepTimeoutMs,
    },
  );
  return readFile(output);
}

async function makeDisk(work: string, kernelPath: string): Promise<void> {
  const disk = join(work, 'disk.img');
  const run = (...argv: string[]): Promise<string> =>
    runCommand(argv, { timeoutMs: stepTimeoutMs, cwd: work });
  const file = await open(disk, 'w');
  await file.truncate(diskBytes);
  await file.close();
  const partition = `${disk}@@${partitionOffsetBytes}`;
  const partitionKib = (diskBytes - partitionOffsetBytes) / 1024;
  // A fixed volume number: the same input gives the same image.
  await run(
    'mkfs.fat',
    '-F',
    '16',
    '-i',
    '45564b4c',
    '--offset',
    String(partitionStartSectors),
    disk,
    String(partitionKib),
  );
  await run('mcopy', '-i', partition, kernelPath, '::vmlinuz');
  await run('mcopy', '-i', partition, 'initrd.gz', 'syslinux.cfg', '::');
  await run('syslinux', '--offset', String(partitionOffsetBytes), '--install', disk);
  const record = await open(disk, 'r+');
  await record.write(writeMbr(await readFile('/usr/lib/syslinux/mbr/mbr.bin'), diskBytes), 0, sectorBytes, 0);
  await record.sync();
  await record.close();
}
