// Makes a guest that rewrites its memory for ever, so that a slow copy of it ends only when the test lets it.
import { DirtyRateMode, DirtyRateStatus, StatsGroup } from '../../agent/libvirt/constants.ts';
import type { Connection } from '../../agent/libvirt/connection.ts';
import type { DomainRef } from '../../agent/libvirt/domain.ts';
import { startDirtyRate } from '../../agent/libvirt/migration.ts';
import { getAllDomainStats } from '../../agent/libvirt/stats.ts';
import { MIB } from '../../shared/units.ts';
import { until } from '../until.ts';

const SECTOR_BYTES = 512;
const SIGNATURE = [0x55, 0xaa];
/** Below are the firmware's data and this sector itself. */
const BUSY_FROM_MIB = 4;
// A guest under full emulation takes seconds to boot, on a loaded machine a minute and more.
const BOOT_MAX_MS = 120_000;
const wait = { timeoutMs: 20_000 };

/** A boot sector for x86 that changes every page between 4 MiB and `endMib`, over and over. */
export function busyBootSector(endMib: number): Buffer {
  const sector = Buffer.alloc(SECTOR_BYTES);
  // prettier-ignore
  sector.set([
    // 7c00, 16 bits
    0xfa,                               // cli
    0x31, 0xc0,                         // xor ax, ax
    0x8e, 0xd8,                         // mov ds, ax
    0x0f, 0x01, 0x16, 0x50, 0x7c,       // lgdt [7c50]
    0x0f, 0x20, 0xc0,                   // mov eax, cr0
    0x0c, 0x01,                         // or al, 1: protected mode
    0x0f, 0x22, 0xc0,                   // mov cr0, eax
    0xea, 0x17, 0x7c, 0x08, 0x00,       // jmp 8:7c17
    // 7c17, 32 bits
    0x66, 0xb8, 0x10, 0x00,             // mov ax, 16
    0x8e, 0xd8,                         // mov ds, ax
    // again:
    0xbf, ...uint32(BUSY_FROM_MIB * MIB), // mov edi, first
    // next:
    0xff, 0x07,                         // inc dword [edi]
    0x81, 0xc7, ...uint32(4096),        // add edi, 4096
    0x81, 0xff, ...uint32(endMib * MIB), // cmp edi, end
    0x72, 0xf0,                         // jb next
    0xeb, 0xe9,                         // jmp again
  ]);
  // prettier-ignore
  sector.set([
    0, 0, 0, 0, 0, 0, 0, 0,
    0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0, // 8: code, all 4 GiB
    0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0, // 16: data, all 4 GiB
    0x17, 0, ...uint32(0x7c38),         // 7c50: length and address of this table
  ], 0x38);
  sector.set(SIGNATURE, SECTOR_BYTES - SIGNATURE.length);
  return sector;
}

function uint32(value: number): number[] {
  return [...Buffer.from(Uint32Array.of(value).buffer)];
}

/** Resolves once libvirt measures that the guest writes to its memory: it has booted. */
export async function untilBusy(connection: Connection, guest: DomainRef): Promise<void> {
  const request = { domains: [guest], groups: StatsGroup.dirtyRate, flags: 0 };
  await until(
    'the guest to write to its memory',
    async () => {
      await startDirtyRate(connection, guest, { seconds: 1, mode: DirtyRateMode.pageSampling }, wait);
      const rate = await until('a dirty rate to be measured', async () => {
        const [stats] = await getAllDomainStats(connection, request, wait);
        return stats?.dirtyRate?.status === DirtyRateStatus.measured ? stats.dirtyRate : undefined;
      });
      return (rate.bytesPerSecond ?? 0) > 0;
    },
    BOOT_MAX_MS,
  );
}
