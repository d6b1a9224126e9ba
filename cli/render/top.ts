// Renders a frame of `top`: the cluster in one line, its migrations, its hosts and the busiest VMs.
import type { WatchLoadResponse } from '../../shared/gen/scheduler.ts';
import { count, time } from './format.ts';
import { hostSummary, hostTable, sortHosts } from './hosts.ts';
import { isEnded, progressLine } from './migration.ts';
import { cut, paint, type View } from './view.ts';
import { sortVms, vmTable, type VmOrder } from './vms.ts';

export interface TopOptions {
  /** Lines of the terminal; Infinity shows everything. */
  readonly rows: number;
  readonly order: VmOrder;
  /** The last line: the keys, or that the scheduler is unreachable. Empty for none. */
  readonly footer: string;
}

/** The frame, at most `rows` lines, without a final newline. */
export function topFrame(view: View, load: WatchLoadResponse, options: TopOptions): string {
  const rows = options.rows - (options.footer === '' ? 0 : 1);
  const lines = [headLine(view, load), ''];
  const active = load.migrations.filter((migration) => !isEnded(migration));
  if (active.length > 0) {
    // The scheduler's limits keep active migrations few; `evenkeel migrations` lists the rest.
    const shown = active.slice(0, Math.max(1, Math.floor(rows / 6)));
    lines.push(...shown.map((migration) => progressLine(view, migration)), ...rest(view, active, shown), '');
  }
  const hot = load.hosts.filter((host) => host.hotResources.length > 0);
  const cool = load.hosts.filter((host) => host.hotResources.length === 0);
  const hosts = [...sortHosts(hot, 'cpu'), ...sortHosts(cool, 'cpu')];
  // At most a third of the screen: hot hosts first, then the most loaded.
  const shownHosts = hosts.slice(0, Math.max(3, Math.floor(rows / 3)));
  lines.push(...hostTable(view, shownHosts).split('\n'), ...rest(view, hosts, shownHosts), '');
  const vms = sortVms(load.vms, options.order);
  // Less two lines: the table's header, and the count of VMs not shown.
  const shownVms = vms.slice(0, Math.max(0, rows - lines.length - 2));
  lines.push(...vmTable(view, shownVms).split('\n'), ...rest(view, vms, shownVms));
  const frame = lines.slice(0, rows);
  if (options.footer === '') return frame.join('\n');
  const gap: string[] = Array.from({ length: Math.max(0, rows - frame.length) }, () => '');
  return [...frame, ...gap, paint(view, 'dim', cut(view, options.footer, view.width))].join('\n');
}

function headLine(view: View, load: WatchLoadResponse): string {
  const moving = load.migrations.filter((migration) => !isEnded(migration)).length;
  return `${time(view, load.atMs)}  ${hostSummary(view, load.hosts)}; ${count(moving, 'active migration')}`;
}

function rest(view: View, all: readonly unknown[], shown: readonly unknown[]): string[] {
  return all.length > shown.length ? [paint(view, 'dim', `and ${all.length - shown.length} more`)] : [];
}
