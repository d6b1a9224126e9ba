// `evenkeel vm create`: makes a VM from options, from a file, or from a file overridden by options.
import type { Command } from 'commander';
import { MINUTE_MS } from '../../shared/units.ts';
import type { Run } from '../context.ts';
import { bytes, count } from '../render/format.ts';
import { plain, wrap } from '../render/view.ts';
import { asWritten } from '../vm-spec/as-written.ts';
import {
  overlay,
  parseParts,
  toCreateRequest,
  type Written,
  type WrittenParts,
  type WrittenSpec,
} from '../vm-spec/spec.ts';
import { redrawLine } from '../terminal/terminal.ts';

// A clone is a full copy: 100 GiB at 150 MB/s takes twelve minutes.
const CREATE_TIMEOUT_MS = 15 * MINUTE_MS;

const EXAMPLES = `
Disks (--disk, repeatable; the first is the boot disk):
  pool=shared,size=20G            a new, empty one
  pool=shared,clone=debian12      a copy of a volume of that pool;
                                  size=40G also grows it
  pool=shared,volume=data1        an existing one; kept when the VM is removed;
                                  shareable=yes: other VMs may use it too
Network cards (--nic, repeatable):
  bridge=br0                      a Linux or Open vSwitch bridge; vlan=42
  network=default                 a network of libvirt; portgroup=NAME
  macvtap=eth1                    on an interface of the host;
                                  mac=52:54:00:12:34:56 sets the address

Example:
  evenkeel vm create web1 --vcpus 2 --memory 2G \\
    --disk pool=shared,clone=debian12,size=40G --nic bridge=br0 --owner ana
The same as a file, for --file web1.yaml:
  name: web1
  vcpus: 2
  memory: 2G
  disks: [{pool: shared, clone: debian12, size: 40G}]
  nics: [{bridge: br0}]
  owner: ana
The keys of the file are the options in camelCase: neverMove, postCopy,
downtimeMaxMs, start, headless, makeRoom. Options win over the file.`;

/** Options as parsed by commander. */
interface CreateOptions {
  readonly vcpus?: string;
  readonly memory?: string;
  readonly disk?: readonly WrittenParts[];
  readonly nic?: readonly WrittenParts[];
  readonly iso?: string;
  readonly firmware?: string;
  readonly os?: string;
  readonly owner?: string;
  readonly purpose?: string;
  readonly expires?: string;
  readonly neverMove?: boolean;
  readonly postCopy?: boolean;
  readonly downtimeMaxMs?: string;
  readonly host?: string;
  readonly start: boolean | undefined;
  readonly makeRoom?: boolean;
  readonly headless?: boolean;
  readonly file?: string;
}

export function addCreateCommand(parent: Command, run: Run): void {
  const parts =
    (option: string) =>
    (text: string, before: readonly WrittenParts[] = []): WrittenParts[] => [
      ...before,
      parseParts(option, text),
    ];
  parent
    .command('create')
    .summary('make a VM and start it')
    .description('Makes a VM and starts it, on the host with the most room unless one is named.')
    .argument('[name]', 'letters, digits, ".", "_" and "-", at most 63')
    .option('--vcpus <n>', 'virtual CPUs')
    .option('--memory <size>', 'for example 2G or 512M')
    .option('--disk <spec>', 'a disk, see below; repeatable', parts('--disk'))
    .option('--nic <spec>', 'a network card, see below; repeatable', parts('--nic'))
    .option('--iso <path>', 'installation image: a path on the host, or POOL/VOLUME')
    .option('--firmware <kind>', 'bios or uefi')
    .option('--os <family>', 'linux, windows or other')
    .option('--owner <name>', 'owner of the VM')
    .option('--purpose <text>', 'what it is for')
    .option('--expires <date>', 'when it may go: 2031-05-30, or 30d from now')
    .option('--never-move', 'evenkeel leaves it on its host; an operator may still move it')
    .option(
      '--post-copy',
      'a migration may switch over early when nothing else helps; a fault then loses the guest',
    )
    .option('--downtime-max-ms <ms>', 'longest pause of the guest that a migration may cause')
    .option('--host <host>', 'create it on this host')
    .option('--no-start', 'only define it')
    .option('--make-room', 'if it fits nowhere, move other VMs to make room, and wait for that')
    .option('--headless', 'without a VNC console')
    .option('--file <yaml>', 'read the specification from a file')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, options: CreateOptions, command: Command) => {
      // Commander's default is true, which would override the file.
      const startsBy = command.getOptionValueSource('start') === 'cli' ? options.start : undefined;
      const written = await writtenSpec(name, { ...options, start: startsBy });
      const request = toCreateRequest(written, Date.now());
      await run(command, async ({ scheduler, timeoutMs, terminal, json, show }) => {
        const vmName = request.spec?.name ?? '';
        const isDrawn = terminal.isInteractive && !json;
        if (isDrawn) terminal.write(redrawLine(`creating ${vmName} …`));
        try {
          const answer = await scheduler.call(
            {
              what: `create VM ${vmName}`,
              method: ({ CreateVm }) => CreateVm,
              request,
              look: `evenkeel vm show ${vmName}`,
            },
            timeoutMs(CREATE_TIMEOUT_MS),
          );
          if (isDrawn) terminal.write(redrawLine(''));
          show(answer, (view) => {
            const { vm, hostName } = answer;
            const size =
              vm === null ? '' : ` with ${count(vm.vcpus, 'vCPU')} and ${bytes(view, vm.memoryMaxBytes)}`;
            const vnc = vm === null || vm.vncAddress === '' ? '' : `, VNC console on ${vm.vncAddress} there`;
            const verb = request.start === true ? 'runs on' : 'is defined on';
            return wrap(view, `${vmName} ${verb} ${plain(hostName)}${size}${vnc}.`, 0);
          });
        } catch (error) {
          if (isDrawn) terminal.write(redrawLine(''));
          throw asWritten(error, written);
        }
      });
    });
}

async function writtenSpec(name: string | undefined, options: CreateOptions): Promise<WrittenSpec> {
  const given = (option: string, text: string | undefined): Written | undefined =>
    text === undefined ? undefined : { where: option, text };
  const texts = {
    name: given('NAME', name),
    vcpus: given('--vcpus', options.vcpus),
    memory: given('--memory', options.memory),
    iso: given('--iso', options.iso),
    firmware: given('--firmware', options.firmware),
    os: given('--os', options.os),
    owner: given('--owner', options.owner),
    purpose: given('--purpose', options.purpose),
    expires: given('--expires', options.expires),
    downtimeMaxMs: given('--downtime-max-ms', options.downtimeMaxMs),
    host: given('--host', options.host),
  };
  const flags = {
    neverMove: options.neverMove,
    postCopy: options.postCopy,
    headless: options.headless,
    start: options.start,
    makeRoom: options.makeRoom,
  };
  const fromOptions: WrittenSpec = {
    texts: withoutUndefined(texts),
    flags: withoutUndefined(flags),
    disks: options.disk ?? [],
    nics: options.nic ?? [],
  };
  if (options.file === undefined) return fromOptions;
  // Loaded only when needed: the YAML parser takes as long to load as everything else a bad command line needs.
  const { readSpecFile } = await import('../vm-spec/spec-file.ts');
  return overlay(readSpecFile(options.file), fromOptions);
}

function withoutUndefined<Value>(
  values: Readonly<Record<string, Value | undefined>>,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]): [string, Value][] =>
      value === undefined ? [] : [[key, value]],
    ),
  );
}
