// Writes a master boot record with one bootable FAT partition; the boot code comes from syslinux.

/** The size of a sector of every disk this serves. */
export const sectorBytes = 512;
/** The first partition starts at 1 MiB, as with every partitioning tool since disks have 4 KiB sectors. */
export const partitionStartSectors = 2048;

const partitionTableOffset = 446;
const signatureOffset = 510;
/** FAT16 addressed by sector number (LBA); mkfs.fat makes FAT16 for volumes of this size. */
const fat16Lba = 0x0e;

/** The first sector of a disk of `diskBytes` with one partition that reaches to the end. */
export function writeMbr(bootCode: Uint8Array, diskBytes: number): Buffer {
  if (bootCode.length > partitionTableOffset) {
    throw new Error(
      `boot code of ${bootCode.length} bytes: at most ${partitionTableOffset} fit before the table`,
    );
  }
  const sectors = Math.floor(diskBytes / sectorBytes) - partitionStartSectors;
  if (sectors <= 0) throw new Error(`disk of ${diskBytes} bytes: too small for a partition at 1 MiB`);
  const record = Buffer.alloc(sectorBytes);
  record.set(bootCode);
  const entry = partitionTableOffset;
  record.writeUInt8(0x80, entry); // active: the boot code starts this one
  // Cylinder, head and sector at their maximum say "use the sector numbers".
  record.set([0xfe, 0xff, 0xff], entry + 1);
  record.writeUInt8(fat16Lba, entry + 4);
  record.set([0xfe, 0xff, 0xff], entry + 5);
  record.writeUInt32LE(partitionStartSectors, entry + 8);
  record.writeUInt32LE(sectors, entry + 12);
  record.writeUInt16LE(0xaa55, signatureOffset);
  return record;
}
