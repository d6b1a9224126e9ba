// Reads the guest's numbered records (lab/image/guest/guestd.c, "disk on") from the image of its second disk.

/** As in lab/image/guest/guestd.c. */
const recordBlocks = 2048;

export interface DiskLog {
  /** 0 when there is none. */
  readonly lastNumber: number;
  readonly problems: readonly string[];
}

const blockBytes = 512;
const fnvOffset = 14695981039346656037n;
const fnvPrime = 1099511628211n;

/** Checks that the ring holds each of the latest records whole and in its place. */
export function readDiskLog(image: Uint8Array): DiskLog {
  const problems: string[] = [];
  const numbers = new Map<number, number>();
  for (let slot = 0; slot < recordBlocks; slot += 1) {
    const start = (1 + slot) * blockBytes;
    const block = Buffer.from(image.subarray(start, start + blockBytes)).toString('latin1');
    const text = block.replace(/\0+$/, '');
    if (text === '') continue;
    const [, record, number, uptimeMs, sum] = /^(record (\d+) (\d+)) ([0-9a-f]{16})\n$/.exec(text) ?? [];
    if (record === undefined || sum !== checksum(record))
      problems.push(`block ${slot}: torn or mixed: ${JSON.stringify(text.slice(0, 60))}`);
    else if (Number(number) % recordBlocks !== slot) problems.push(`block ${slot}: holds record ${number}`);
    else numbers.set(Number(number), Number(uptimeMs));
  }
  const lastNumber = Math.max(0, ...numbers.keys());
  const oldest = Math.max(1, lastNumber - recordBlocks + 1);
  for (let number = oldest; number <= lastNumber; number += 1) {
    const [here, before] = [numbers.get(number), numbers.get(number - 1)];
    if (here === undefined) problems.push(`record ${number} is missing below ${lastNumber}`);
    else if (before !== undefined && here < before)
      problems.push(`record ${number} was written before the one ahead of it`);
  }
  return { lastNumber, problems: problems.slice(0, 5) };
}

export function checksum(text: string): string {
  let hash = fnvOffset;
  for (const byte of Buffer.from(text, 'latin1')) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * fnvPrime);
  return hash.toString(16).padStart(16, '0');
}
