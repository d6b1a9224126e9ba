// Proves virtlockd's leases: on the target each is tested as another virtlockd would lock it, and must be found held by the
// running guest's. No lock is ever taken.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WaitOptions } from '../../../shared/clock.ts';
import type { CheckRefusal } from '../../../shared/gen/agent.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { LeaseDefinition } from '../../vm/definition.ts';
import { askProgram } from './ask-program.ts';

// The kernel answers, or over NFS its server; storage that hangs must not delay the check.
const ASK_TIMEOUT_MS = 3_000;
const MANAGED = /^\s*lock_manager\s*=\s*"lockd"/m;

/**
 * Why a VM with leases cannot come here; empty when all leases are seen to be held by the source, and this host's libvirt
 * will take them over, by its settings for QEMU in `qemuConf`. A lease that libvirt here would not take lets both copies run.
 */
export async function checkLeases(
  leases: readonly LeaseDefinition[],
  qemuConf: string,
  signal: AbortSignal,
): Promise<CheckRefusal[]> {
  if (leases.length === 0) return [];
  const settings = await readFile(qemuConf, 'utf8').catch(messageOf);
  if (!MANAGED.test(settings))
    return [
      refusal(
        'the VM has a lease, and libvirt here would not take it',
        `set lock_manager = "lockd" in ${qemuConf} here, and restart libvirtd`,
      ),
    ];
  const answers = await Promise.all(
    leases.map(async (lease) => {
      const path = fileOf(lease);
      return { path, answer: await askForLock(path, { timeoutMs: ASK_TIMEOUT_MS, signal }) };
    }),
  );
  return answers
    .filter(({ answer }) => answer !== 'held')
    .map(({ path, answer }) =>
      answer === 'free'
        ? refusal(
            `lease ${path} looks free from here while the guest runs on the source`,
            'mount the same folder here as on the source, on a file system with locks, and set lock_manager = "lockd" on both hosts',
          )
        : refusal(`lease ${path} cannot be tested: ${answer}`, 'mount the folder of the leases here'),
    );
}

function refusal(reason: string, cure: string): CheckRefusal {
  return { causeCode: 'MIGRATION_CAUSE_LOCK_NOT_PROVABLE', reason, cure };
}

/** Builds the path as libvirt's lockd driver does (virLockManagerLockDaemonAddResource). */
function fileOf({ path, lockspace, key }: LeaseDefinition): string {
  return join(path, lockspace, key);
}

// virtlockd takes a write lock of the first byte (lock_driver_lockd.c, virFileLock). struct flock is the same on every
// 64-bit Linux that has KVM: l_type, l_whence, l_start, l_len, l_pid.
const PERL_OPTIONS = ['-MFcntl=:DEFAULT,:seek'];
const ASK_SCRIPT = `
open(my $file, '<', $ARGV[0]) or die "$!\\n";
my $lock = pack('s s x4 q q l x4', F_WRLCK, SEEK_SET, 0, 1, 0);
fcntl($file, F_GETLK, $lock) or die "$!\\n";
my ($type) = unpack('s', $lock);
print $type == F_UNLCK ? 'free' : 'held';
`;

/** Resolves with "held", "free", or what went wrong. In perl, which every Debian has: Node cannot test a lock. */
async function askForLock(path: string, wait: WaitOptions): Promise<string> {
  const { output, errors } = await askProgram('perl', [...PERL_OPTIONS, '-e', ASK_SCRIPT, '--', path], wait);
  return `${output}${errors}`.trim() || 'no answer in time';
}
