// Tests the wrapper around QEMU in a lab host: how it changes libvirt's arguments.
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { emulatorScript } from '../../../lab/hosts/emulator.ts';

t.test(
  'gives emulated guests a memory size that QEMU copies correctly, and others what libvirt asks for',
  (t) => {
    const script = emulatorScript.replace('exec /usr/bin/qemu-system-x86_64', `exec printf '%s\\n'`);
    const started = (accelerator: string, ...memory: readonly string[]): readonly string[] => {
      const argv = ['-name', 'guest=a b,debug=on', '-accel', accelerator, ...memory, '-S'];
      return spawnSync('sh', ['-c', script, 'sh', ...argv])
        .stdout.toString()
        .trim()
        .split('\n');
    };
    const backend = (bytes: number): string =>
      `{"qom-type":"memory-backend-ram","id":"pc.ram","size":${bytes}}`;
    const whole = ['-m', '256', '-object', backend(268_435_456)];
    t.strictSame(started('tcg', ...whole), [
      ...['-name', 'guest=a b,debug=on', '-accel', 'tcg'],
      ...['-m', '262152k', '-object', backend(268_443_648), '-S'],
    ]);
    const others = [
      ['kvm', ...whole],
      ['tcg', '-m', 'size=262144k,slots=2,maxmem=1048576k', '-object', backend(268_435_456)],
      [
        'tcg',
        '-m',
        '256',
        '-object',
        '{"qom-type":"memory-backend-memfd","id":"ram-node0","size":268435456}',
      ],
    ] as const;
    for (const [accelerator, ...memory] of others)
      t.strictSame(started(accelerator, ...memory).slice(4, -1), memory);
    t.end();
  },
);
