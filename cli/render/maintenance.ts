// Renders maintenance: which VMs will leave and which cannot, the progress, and the list of hosts.
import type { Maintenance } from '../../shared/gen/scheduler.ts';
import { refusalList } from './decision.ts';
import { count, duration, time } from './format.ts';
import { table } from './table.ts';
import { arrow, plain, wrap, type View } from './view.ts';

// A screenful; --json has all.
const MOVES_SHOWN = 20;

/** Shown before anything moves. */
export function expectedText(view: View, maintenance: Maintenance): string {
  const { hostName, vmsLeft, moves, impossible, remainingMs } = maintenance;
  if (vmsLeft === 0) return `No VM runs on ${plain(hostName)}.`;
  const lines = [
    `${count(vmsLeft, 'VM')} ${vmsLeft === 1 ? 'runs' : 'run'} on ${plain(hostName)}; ${moves.length} can leave, in about ${duration(remainingMs)}:`,
    ...moves
      .slice(0, MOVES_SHOWN)
      .map(({ vmName, targetHostName }) => `  ${plain(vmName)} ${arrow(view)} ${plain(targetHostName)}`),
  ];
  if (moves.length > MOVES_SHOWN) lines.push(`  and ${moves.length - MOVES_SHOWN} more`);
  if (impossible.length > 0) lines.push('Cannot leave:', refusalList(view, impossible, 2));
  return lines.join('\n');
}

/** The progress of one host. */
export function progressText(view: View, maintenance: Maintenance): string {
  const { hostName, vmsLeft, vmsMoving, impossible, remainingMs } = maintenance;
  const name = plain(hostName);
  if (vmsLeft === 0) return `${name} is empty.`;
  if (vmsLeft === impossible.length)
    return `${name} still runs ${count(vmsLeft, 'VM')} that cannot leave:\n${refusalList(view, impossible, 2)}`;
  const rest = remainingMs > 0 ? `, about ${duration(remainingMs)} to go` : '';
  return wrap(view, `${name}: ${count(vmsLeft, 'VM')} left, ${vmsMoving} moving${rest}`, 0);
}

export function maintenanceTable(view: View, list: readonly Maintenance[]): string {
  const rows = table(
    view,
    [
      { title: 'HOST', text: ({ hostName }) => plain(hostName), style: () => 'bold' },
      { title: 'SINCE', text: ({ enteredAtMs }) => time(view, enteredAtMs) },
      { title: 'VMS THEN', align: 'right', rank: 2, text: ({ vmsAtEntry }) => String(vmsAtEntry) },
      { title: 'LEFT', align: 'right', text: ({ vmsLeft }) => String(vmsLeft) },
      { title: 'MOVING', align: 'right', text: ({ vmsMoving }) => String(vmsMoving) },
      { title: 'CANNOT', align: 'right', text: ({ impossible }) => String(impossible.length) },
      { title: 'REASON', rank: 3, shrinkTo: 10, text: ({ reason }) => plain(reason) },
    ],
    list,
  );
  const stuck = list.filter(({ impossible }) => impossible.length > 0);
  return [
    rows,
    ...stuck.map(
      ({ hostName, impossible }) => `Cannot leave ${plain(hostName)}:\n${refusalList(view, impossible, 2)}`,
    ),
  ].join('\n\n');
}
