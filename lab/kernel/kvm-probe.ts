// Probes whether /dev/kvm really boots a Linux guest: inside some virtual machines it exists but does not work.
import { spawn } from 'node:child_process';
import { access, constants, mkdir, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Described } from '../../shared/outside-data.ts';
import { writeFileAtomically } from '../files.ts';
import { cacheFolder } from '../paths.ts';

const kvmAnswer = v.object({
  usable: v.boolean(),
  reason: v.string(),
  /** The machine and kernel of the answer; another kernel is probed again. */
  machine: v.string(),
});

export type KvmAnswer = Described<typeof kvmAnswer>;

/** The image boots in about 1 s with KVM and 4 s without; a guest that KVM cannot run never becomes ready. */
const probeTimeoutMs = 5_000;
const readyText = 'guestd: ready';

export async function probeKvm(image: string): Promise<KvmAnswer> {
  const machineId = await readFile('/etc/machine-id', 'utf8').catch(() => 'unknown');
  const machine = `${machineId.trim()} ${release()}`;
  const known = await knownAnswer();
  if (known?.machine === machine) return known;
  const result = await tryKvm(image);
  const answer: KvmAnswer = { ...result, machine };
  await mkdir(cacheFolder, { recursive: true });
  await writeFileAtomically(answerFile, `${JSON.stringify(answer)}\n`);
  return answer;
}

const answerFile = join(cacheFolder, 'kvm.json');

/** The answer of the last probe on this machine; undefined if there was none. */
export async function knownAnswer(): Promise<KvmAnswer | undefined> {
  const text = await readFile(answerFile, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return v.is(kvmAnswer, value) ? value : undefined;
}

async function tryKvm(image: string): Promise<Pick<KvmAnswer, 'usable' | 'reason'>> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return { usable: false, reason: 'this machine has no /dev/kvm' };
  }
  const said = await bootWithKvm(image);
  return said.includes(readyText)
    ? { usable: true, reason: 'a guest booted with /dev/kvm' }
    : {
        usable: false,
        reason: `no guest booted with /dev/kvm within ${probeTimeoutMs} ms: ${firstComplaint(said)}`,
      };
}

/** Everything the guest and QEMU printed until the guest was ready, QEMU ended or the time was up. */
async function bootWithKvm(image: string): Promise<string> {
  const drive = `file=${image},format=raw,if=virtio,snapshot=on`;
  const argv = [
    '-accel',
    'kvm',
    '-cpu',
    'host',
    '-m',
    '128',
    '-display',
    'none',
    '-serial',
    'stdio',
    '-no-reboot',
  ];
  return new Promise((resolve) => {
    const qemu = spawn('qemu-system-x86_64', [...argv, '-nic', 'none', '-drive', drive], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: probeTimeoutMs,
      killSignal: 'SIGKILL',
    });
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString('latin1');
      if (said.includes(readyText)) qemu.kill('SIGKILL');
    };
    qemu.stdout.on('data', hear);
    qemu.stderr.on('data', hear);
    qemu.once('error', (error) => {
      resolve(error.message);
    });
    qemu.once('close', () => {
      resolve(said);
    });
  });
}

/** The line of QEMU's output that has the reason; a dump of registers follows it. */
function firstComplaint(text: string): string {
  const printable = text.replaceAll(/[^\x20-\x7e\n]/g, '');
  const line = printable
    .split('\n')
    .find((candidate) => /error|fail|kvm/i.test(candidate) && !candidate.startsWith('Code='));
  return line?.trim().slice(0, 200) ?? 'no output';
}
