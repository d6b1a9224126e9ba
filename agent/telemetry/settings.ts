// Defines the agent's settings for telemetry.
import type convict from 'convict';
import { wholeNumber } from '../../shared/settings.ts';

export interface TelemetrySettings {
  readonly sampling: { readonly intervalS: number; readonly procRoot: string; readonly sysRoot: string };
  readonly buffer: { readonly minutes: number };
}

export const telemetrySchema: convict.Schema<TelemetrySettings> = {
  sampling: {
    intervalS: {
      doc: 'Seconds from one sample to the next, 1 to 60; the same on all hosts. Shorter detects overload earlier and loads libvirt more; a host whose libvirt takes longer than this for its statistics reports no VMs.',
      format: wholeNumber(1, 60),
      default: 5,
      env: 'EVENKEEL_SAMPLING_INTERVAL_S',
    },
    procRoot: {
      doc: "The host's /proc. With a wrong folder the agent does not start.",
      format: String,
      default: '/proc',
      env: 'EVENKEEL_SAMPLING_PROC_ROOT',
    },
    sysRoot: {
      doc: "The host's /sys, in which bridges are looked up. With a wrong folder none are found.",
      format: String,
      default: '/sys',
      env: 'EVENKEEL_SAMPLING_SYS_ROOT',
    },
  },
  buffer: {
    minutes: {
      doc: 'Minutes of reports kept in memory while NATS is unreachable, 1 to 720; at most 64 MiB. Older ones are dropped and counted.',
      format: wholeNumber(1, 720),
      default: 30,
      env: 'EVENKEEL_BUFFER_MINUTES',
    },
  },
};
