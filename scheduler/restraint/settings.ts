// Defines the settings of restraint: cool-downs, budgets of an hour, quiet windows, VMs that never move.
import { invalidField } from '../../shared/errors.ts';
import { numberBetween, wholeNumber } from '../../shared/settings.ts';
import { GIB, MINUTE_MS } from '../../shared/units.ts';
import { parseQuietWindow, type QuietWindow } from './quiet-windows.ts';
import { DEFAULT_RESTRAINT, type Restraint } from './cool-down.ts';

export interface RestraintSettings {
  readonly coolDownMinutes: number;
  readonly coolDownFailedMinutes: number;
  readonly coolDownNotConvergingMinutes: number;
  readonly coolDownMaxMinutes: number;
  readonly returnAfterMinutes: number;
  readonly movesPerHour: number;
  readonly gibPerHour: number;
  readonly quietWindows: string[];
  readonly controlPlaneVms: string[];
}

export const restraintSchema = {
  coolDownMinutes: {
    doc: 'Minutes, 0 to 1440, that a VM stays where it is after a move: this long, or as long as its copy took if that is longer; doubled with each further move in 24 hours. 0 lets a VM follow every swing of load.',
    format: numberBetween(0, 1440),
    default: DEFAULT_RESTRAINT.afterSuccessMs / MINUTE_MS,
  },
  coolDownFailedMinutes: {
    doc: 'Minutes, 0 to 1440, before a VM, or a target that refused it, is tried again after a failure; doubled for the VM in the same way.',
    format: numberBetween(0, 1440),
    default: DEFAULT_RESTRAINT.afterFailureMs / MINUTE_MS,
  },
  coolDownNotConvergingMinutes: {
    doc: 'Minutes, 0 to 1440, before a VM whose memory changed faster than it could be copied is tried again; doubled in the same way.',
    format: numberBetween(0, 1440),
    default: DEFAULT_RESTRAINT.afterNotConvergingMs / MINUTE_MS,
  },
  coolDownMaxMinutes: {
    doc: 'The longest cool-down in minutes, 0 to 10080, however often a VM moved. If it is too long, a VM that moved often is stuck on a hot host.',
    format: numberBetween(0, 10_080),
    default: DEFAULT_RESTRAINT.coolDownMaxMs / MINUTE_MS,
  },
  returnAfterMinutes: {
    doc: 'Minutes, 0 to 10080, in which a VM does not go back to a host that it left, unless a rule or maintenance requires it. 0 lets VMs move back and forth.',
    format: numberBetween(0, 10_080),
    default: DEFAULT_RESTRAINT.returnAfterMs / MINUTE_MS,
  },
  movesPerHour: {
    doc: 'Maximum number of moves that the balancer makes in an hour, 0 to 100000; 0 for no limit. Operator orders and maintenance do not count.',
    format: wholeNumber(0, 100_000),
    default: DEFAULT_RESTRAINT.movesPerHour,
  },
  gibPerHour: {
    doc: 'Maximum GiB that the balancer copies in an hour, 0 to 1000000; 0 for no limit. Set it where migrations share a network with guests.',
    format: wholeNumber(0, 1_000_000),
    default: DEFAULT_RESTRAINT.bytesPerHour / GIB,
  },
  quietWindows: {
    doc: 'Times in which only urgent moves are made, for example "mon-fri 08:00-18:00 Europe/Berlin" or "22:00-06:00": days (default: all), hours, time zone (default: UTC).',
    format: Array,
    default: [],
  },
  controlPlaneVms: {
    doc: "Names or UUIDs of VMs that evenkeel itself depends on (this scheduler, NATS); only an operator's order moves them.",
    format: Array,
    default: [],
  },
};

export function restraintOf(restraint: RestraintSettings): Restraint {
  return {
    afterSuccessMs: restraint.coolDownMinutes * MINUTE_MS,
    afterFailureMs: restraint.coolDownFailedMinutes * MINUTE_MS,
    retryAfterMs: DEFAULT_RESTRAINT.retryAfterMs,
    retryMaxMs: DEFAULT_RESTRAINT.retryMaxMs,
    afterNotConvergingMs: restraint.coolDownNotConvergingMinutes * MINUTE_MS,
    coolDownMaxMs: restraint.coolDownMaxMinutes * MINUTE_MS,
    returnAfterMs: restraint.returnAfterMinutes * MINUTE_MS,
    movesPerHour: restraint.movesPerHour,
    bytesPerHour: restraint.gibPerHour * GIB,
  };
}

/** Throws INVALID_ARGUMENT for a window that cannot be read. */
export function quietWindowsOf({ quietWindows }: RestraintSettings): QuietWindow[] {
  return quietWindows.map((text) => {
    const window = parseQuietWindow(text);
    if (window === undefined)
      throw invalidField(
        'restraint.quietWindows',
        `"${text}" is not a quiet window; write for example "mon-fri 08:00-18:00 Europe/Berlin"`,
      );
    return window;
  });
}
