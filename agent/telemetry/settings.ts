// Telemetry's part of the agent's settings.
import type convict from 'convict';
import { wholeNumber } from '../../shared/settings.ts';

export interface TelemetrySettings {
  readonly sampling: { readonly intervalS: number; readonly procRoot: string; readonly sysRoot: string };
  readonly buffer: { readonly minutes: number };
}

/** The agent's settings that are telemetry's. */
export const telemetrySchema: convict.Schema<TelemetrySettings> = {
  sampling: {
    intervalS: {
      doc: 'Seconds from one sample to the next, 1 to 60; the same on all hosts. Shorter finds overload earlier and costs libvirt more; a host whose libvirt needs longer than this for its statistics reports no VMs.',
      format: wholeNumber(1, 60),
      default: 5,
      env: 'EVENKEEL_SAMPLING_INTERVAL_S',
    },
    procRoot: {
      doc: "Where the host's /proc is. A wrong folder stops the agent at its start.",
      format: String,
      default: '/proc',
      env: 'EVENKEEL_SAMPLING_PROC_ROOT',
    },
    sysRoot: {
      doc: "Where the host's /sys is, in which bridges are looked up. In a wrong folder none are found.",
      format: String,
      default: '/sys',
      env: 'EVENKEEL_SAMPLING_SYS_ROOT',
    },
  },
  buffer: {
    minutes: {
      doc: 'Minutes of reports to keep in memory while NATS is away, 1 to 720; at most 64 MiB. Older ones are dropped and counted.',
      format: wholeNumber(1, 720),
      default: 30,
      env: 'EVENKEEL_BUFFER_MINUTES',
    },
  },
};
