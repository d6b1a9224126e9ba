// `evenkeel mode`: shows or sets what is done about hot hosts, for the cluster, a host or a VM.
import { Argument, type Command } from 'commander';
import type { GetModeResponse } from '../../shared/gen/scheduler.ts';
import type { Mode } from '../../shared/gen/telemetry.ts';
import type { Run } from '../context.ts';
import { badValue } from '../failure.ts';
import { modeText } from '../render/decision.ts';
import { table } from '../render/table.ts';
import { plain, type View } from '../render/view.ts';
import { word } from '../render/words.ts';

const MODES: Readonly<Record<string, Mode>> = {
  observe: 'MODE_OBSERVE',
  recommend: 'MODE_RECOMMEND',
  auto: 'MODE_AUTO',
  // For a host or VM: no own mode.
  inherit: 'MODE_UNSPECIFIED',
};

interface ModeOptions {
  readonly host?: string;
  readonly vm?: string;
}

export function addModeCommand(program: Command, run: Run): void {
  program
    .command('mode')
    .summary('show or set what evenkeel does about hot hosts')
    .description(
      "Shows or sets what evenkeel does about a hot host: observe reports it, recommend also proposes moves (see evenkeel approve), auto also makes them. A VM's own mode overrides those of its hosts, which override the cluster's; while the cluster's mode is observe, nothing moves.",
    )
    .addArgument(new Argument('[mode]', 'the mode to set').choices(Object.keys(MODES)))
    .option('--host <host>', 'for this host, by name or id; inherit removes its own mode')
    .option('--vm <vm>', 'for this VM, by name or uuid; inherit removes its own mode')
    .action(async (asked: string | undefined, { host, vm }: ModeOptions, command: Command) => {
      if (asked === undefined && (host ?? vm) !== undefined)
        throw badValue(
          'mode',
          `give a mode: ${Object.keys(MODES).join(', ')}; "evenkeel mode" alone shows all`,
        );
      await run(command, async ({ scheduler, timeoutMs, show }) => {
        const answer = await (asked === undefined
          ? scheduler.call({ what: 'get mode', method: ({ GetMode }) => GetMode, request: {} }, timeoutMs())
          : scheduler.call(
              {
                what: `set mode ${asked}`,
                method: ({ SetMode }) => SetMode,
                request: { mode: MODES[asked] ?? 'MODE_UNSPECIFIED', host: host ?? '', vm: vm ?? '' },
                look: 'evenkeel mode',
              },
              timeoutMs(),
            ));
        show(answer, (view) => modesText(view, answer));
      });
    });
}

function modesText(view: View, { mode, overrides }: GetModeResponse): string {
  if (overrides.length === 0) return modeText(mode);
  const rows = table(
    view,
    [
      { title: 'OF', text: ({ vmUuid }) => (vmUuid === '' ? 'host' : 'VM') },
      {
        title: 'NAME',
        shrinkTo: 12,
        text: ({ vmUuid, vmName, hostName }) => plain(vmUuid === '' ? hostName : vmName),
        style: () => 'bold' as const,
      },
      { title: 'MODE', text: (each) => word(each.mode) },
    ],
    overrides,
  );
  return `${modeText(mode)}\n\n${rows}`;
}
