// Renders hosts as a table, and the line that sums them up.
import type { HostLoad } from '../../shared/gen/scheduler.ts';
import { age, byName, bytes, count, gauge, loadStyle, percent, share } from './format.ts';
import { table, type Column } from './table.ts';
import { nothing, paint, plain, type Style, type View } from './view.ts';
import { word } from './words.ts';

export type HostOrder = 'name' | 'cpu' | 'memory';

/** Sorted copy: by name, or the most loaded first. */
export function sortHosts(hosts: readonly HostLoad[], order: HostOrder): HostLoad[] {
  return hosts.toSorted((left, right) => {
    if (order === 'cpu' && left.cpuDemandRatio !== right.cpuDemandRatio)
      return right.cpuDemandRatio - left.cpuDemandRatio;
    if (order === 'memory' && left.memoryUsedRatio !== right.memoryUsedRatio)
      return right.memoryUsedRatio - left.memoryUsedRatio;
    return byName(left.hostName, right.hostName);
  });
}

/** One host a line. */
export function hostTable(view: View, hosts: readonly HostLoad[]): string {
  return table(view, hostColumns(view, hosts), hosts);
}

/** What an operator must know of hosts that are not used, a line each. */
export function hostWarnings(view: View, hosts: readonly HostLoad[]): string[] {
  return hosts.flatMap(({ warning }) => (warning === '' ? [] : [paint(view, 'yellow', plain(warning))]));
}

function hostColumns(view: View, hosts: readonly HostLoad[]): Column<HostLoad>[] {
  const names = new Set(hosts.map(({ hostName }) => hostName));
  return [
    { title: 'HOST', shrinkTo: 12, text: ({ hostName }) => plain(hostName), style: () => 'bold' },
    // Where a name repeats, only the id says which host is meant.
    ...(names.size < hosts.length ? [{ title: 'ID', text: ({ hostId }: HostLoad) => plain(hostId) }] : []),
    { title: 'STATE', text: hostStateText, style: hostStateStyle },
    ...cpuColumns(view),
    ...memoryColumns(view),
    { title: 'VMS', align: 'right', text: ({ vmsRunning }) => String(vmsRunning) },
    { title: 'MOVING', text: (host) => movingText(view, host), style: movingStyle },
    {
      title: 'SEEN',
      align: 'right',
      text: ({ lastReportAtMs }) => age(view, lastReportAtMs),
      style: (host) => (host.state === 'HOST_STATE_STALE' ? 'yellow' : undefined),
    },
    { title: 'LOST', rank: 9, align: 'right', text: ({ agent }) => String(agent?.reportsDropped ?? 0) },
    { title: 'AGENT', rank: 10, text: ({ facts }) => plain(facts?.agentVersion ?? '') },
    { title: 'ADDRESS', rank: 10, text: ({ facts }) => plain(facts?.agentAddress ?? '') },
  ];
}

function cpuColumns(view: View): Column<HostLoad>[] {
  return [
    {
      title: 'CPU',
      text: ({ sample }) => gauge(view, share(sample?.cpuUsedCores, sample?.cpuCores)),
      style: ({ sample }) => loadStyle(share(sample?.cpuUsedCores, sample?.cpuCores)),
    },
    {
      title: 'WANTED',
      align: 'right',
      text: (host) => percent(view, known(host, host.cpuDemandRatio)),
      style: (host) => loadStyle(known(host, host.cpuDemandRatio)),
    },
    {
      title: 'CORES',
      rank: 6,
      align: 'right',
      text: ({ sample }) => (sample === null ? nothing(view) : String(sample.cpuCores)),
    },
    { title: 'WAIT', rank: 7, align: 'right', text: ({ sample }) => percent(view, sample?.cpuPressureRatio) },
  ];
}

function memoryColumns(view: View): Column<HostLoad>[] {
  return [
    {
      title: 'MEMORY',
      text: (host) => gauge(view, known(host, host.memoryUsedRatio)),
      style: (host) => loadStyle(known(host, host.memoryUsedRatio)),
    },
    {
      title: 'OF',
      rank: 5,
      align: 'right',
      text: ({ sample }) => (sample === null ? nothing(view) : bytes(view, sample.memoryBytes)),
    },
    {
      title: 'GIVEN',
      rank: 4,
      align: 'right',
      text: (host) => percent(view, share(host.memoryAllocatedBytes, host.sample?.memoryBytes)),
    },
  ];
}

/** The ratio, unless the host never reported a sample: the contract's 0 then means unknown. */
function known({ sample }: HostLoad, ratio: number): number | undefined {
  return sample === null ? undefined : ratio;
}

/** "ready", "hot cpu", "stale", "unknown". */
export function hostStateText(host: HostLoad): string {
  if (host.state === 'HOST_STATE_READY' && host.hotResources.length > 0)
    return `hot ${host.hotResources.map(plain).join('+')}`;
  return word(host.state);
}

function hostStateStyle(host: HostLoad): Style | undefined {
  if (host.state !== 'HOST_STATE_READY') return 'yellow';
  return host.hotResources.length > 0 ? 'red' : 'green';
}

function movingStyle({ migrationsIn, migrationsOut }: HostLoad): Style {
  return migrationsIn + migrationsOut > 0 ? 'cyan' : 'dim';
}

function movingText(view: View, { migrationsIn, migrationsOut }: HostLoad): string {
  const parts = [
    ...(migrationsOut > 0 ? [`${migrationsOut} out`] : []),
    ...(migrationsIn > 0 ? [`${migrationsIn} in`] : []),
  ];
  return parts.length === 0 ? nothing(view) : parts.join(', ');
}

/** "3 hosts: 1 hot, 1 stale; 12 VMs running". */
export function hostSummary(view: View, hosts: readonly HostLoad[]): string {
  const vms = hosts.reduce((sum, host) => sum + host.vmsRunning, 0);
  const inState = (state: HostLoad['state']): number => hosts.filter((host) => host.state === state).length;
  const hot = hosts.filter(
    (host) => host.state === 'HOST_STATE_READY' && host.hotResources.length > 0,
  ).length;
  const parts: readonly (readonly [number, string, Style])[] = [
    [hot, 'hot', 'red'],
    [inState('HOST_STATE_STALE'), 'stale', 'yellow'],
    [inState('HOST_STATE_UNKNOWN'), 'unknown', 'yellow'],
  ];
  const shown = parts
    .filter(([many]) => many > 0)
    .map(([many, what, style]) => paint(view, style, `${many} ${what}`));
  return `${count(hosts.length, 'host')}: ${shown.length === 0 ? 'none hot' : shown.join(', ')}; ${count(vms, 'VM')} running`;
}
