// Reads what a process has used from its /proc entry (proc_pid_stat(5), proc_pid_status(5)).
import { readFileSync } from 'node:fs';
import { KIB } from '../shared/units.ts';

// USER_HZ is 100 in every Linux that userspace sees.
const MS_PER_TICK = 10;

/** CPU time of all its threads since its start, ended ones included, without that of children. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

export function rssBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kib) * KIB;
}
