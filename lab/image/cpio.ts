// Writes the kernel's initramfs format (cpio "newc", Documentation/driver-api/early-userspace/buffer-format.rst).

export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly content: Uint8Array;
      readonly executable: boolean;
    }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  /** A character device: the kernel opens /dev/console before anything is mounted. */
  | { readonly kind: 'device'; readonly path: string; readonly major: number; readonly minor: number };

/** File type bits of stat(2). */
const typeBits = { directory: 0o040000, file: 0o100000, symlink: 0o120000, device: 0o020000 } as const;

/** The archive with entries in the given order: a directory must come before its content. Paths have no leading slash. */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    parts.push(...member(index + 1, entry.path, modeOf(entry), contentOf(entry), deviceOf(entry)));
  });
  parts.push(...member(0, 'TRAILER!!!', 0, Buffer.alloc(0), { major: 0, minor: 0 }));
  return Buffer.concat(parts);
}

function modeOf(entry: CpioEntry): number {
  switch (entry.kind) {
    case 'directory':
      return typeBits.directory | 0o755;
    case 'file':
      return typeBits.file | (entry.executable ? 0o755 : 0o644);
    case 'symlink':
      return typeBits.symlink | 0o777;
    case 'device':
      return typeBits.device | 0o600;
  }
}

function contentOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.content;
  return entry.kind === 'symlink' ? Buffer.from(entry.target) : Buffer.alloc(0);
}

function deviceOf(entry: CpioEntry): { major: number; minor: number } {
  return entry.kind === 'device' ? entry : { major: 0, minor: 0 };
}

function member(
  inode: number,
  path: string,
  mode: number,
  content: Uint8Array,
  device: { major: number; minor: number },
): Buffer[] {
  const name = Buffer.from(`${path}\0`);
  // Owner root, one link, no modification time: the same input gives the same bytes.
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, device.major, device.minor, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  const head = Buffer.concat([Buffer.from(header), name]);
  return [padded(head), padded(content)];
}

/** Header with name, and content, are each padded to a multiple of 4. */
function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
