// Formats numbers for operators: percent, bytes, times, durations, bars.
import { formatBytes } from '../../shared/units.ts';
import { nothing, type Style, type View } from './view.ts';

/** 0.314 → "31%". */
export function percent(view: View, ratio: number | undefined): string {
  return ratio === undefined || !Number.isFinite(ratio) ? nothing(view) : `${Math.round(ratio * 100)}%`;
}

/** "1.5 GiB". */
export function bytes(view: View, value: number | undefined): string {
  return value === undefined ? nothing(view) : formatBytes(value);
}

/** "1.5 MiB/s". */
export function byteRate(view: View, bytesPerSecond: number | undefined): string {
  return bytesPerSecond === undefined ? nothing(view) : `${formatBytes(bytesPerSecond)}/s`;
}

/** "1.2/2.0 GiB": used and total in the unit of the total. */
export function bytesOf(view: View, used: number | undefined, whole: number): string {
  const wholeText = formatBytes(whole);
  if (used === undefined || whole <= 0) return `${nothing(view)}/${wholeText}`;
  const [number = '0', unit = 'B'] = wholeText.split(' ');
  const digits = number.includes('.') ? 1 : 0;
  const scale = 1024 ** ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].indexOf(unit);
  return `${(used / scale).toFixed(digits)}/${wholeText}`;
}

/** Share of the whole; undefined when either is unknown. */
export function share(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole <= 0 ? undefined : part / whole;
}

/** "850 ms", "14.2 s", "3 min 20 s", "2 h 5 min", "4 d 3 h". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3_600)} h`;
}

/** As `duration`, but in whole seconds below a minute: for values that change while they are shown. */
export function roughDuration(ms: number): string {
  return ms < 59_500 ? `${Math.max(0, Math.round(ms / 1_000))} s` : duration(ms);
}

/** Time since `atMs`; 0 means never. */
export function age(view: View, atMs: number): string {
  return atMs === 0 ? 'never' : roughDuration(view.nowMs - atMs);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** Local date, "2025-03-01". */
export function date(atMs: number): string {
  const at = new Date(atMs);
  return `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())}`;
}

/** Local time, "14:32:05"; on another day than today "2025-03-01 14:32". */
export function time(view: View, atMs: number): string {
  if (atMs === 0) return nothing(view);
  const at = new Date(atMs);
  const clock = `${twoDigits(at.getHours())}:${twoDigits(at.getMinutes())}`;
  if (date(atMs) !== date(view.nowMs)) return `${date(atMs)} ${clock}`;
  return `${clock}:${twoDigits(at.getSeconds())}`;
}

// Eighths of a block, Unicode 2588 to 258F.
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` columns; ratios above 1 fill it. */
export function bar(view: View, ratio: number | undefined, width: number): string {
  if (ratio === undefined) return nothing(view);
  const filled = Math.min(1, Math.max(0, ratio)) * width;
  const whole = Math.floor(filled);
  if (!view.unicode) return '#'.repeat(Math.round(filled)).padEnd(width, '.');
  const rest = EIGHTHS[Math.floor((filled - whole) * 8)] ?? '';
  return ('█'.repeat(whole) + rest).padEnd(width, '░');
}

/** Bar and percent as one cell: "███▎░░  55%". The number alone where there is no room for a bar. */
export function gauge(view: View, ratio: number | undefined): string {
  if (ratio === undefined) return nothing(view);
  const number = percent(view, ratio);
  // Widths at which the other columns still fit.
  const width = view.width >= 120 ? 10 : view.width >= 80 ? 5 : 0;
  return width === 0 || view.width === Infinity ? number : `${bar(view, ratio, width)} ${number.padStart(4)}`;
}

// For colours only; the scheduler decides what is hot. Its default levels are 90 % to enter and 75 % to leave.
const HIGH_RATIO = 0.9;
const RAISED_RATIO = 0.75;

/** Colour of a load. */
export function loadStyle(ratio: number | undefined): Style | undefined {
  if (ratio === undefined) return 'dim';
  if (ratio >= HIGH_RATIO) return 'red';
  return ratio >= RAISED_RATIO ? 'yellow' : 'green';
}

/** "1 host", "3 hosts". */
export function count(many: number, one: string): string {
  return `${many} ${one}${many === 1 ? '' : 's'}`;
}

/** The first eight characters of a UUID; any other id whole. Commands take both. */
export function shortId(id: string): string {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(id) ? id.slice(0, 8) : id;
}

const NATURAL = new Intl.Collator('en', { numeric: true });

/** Natural order of names: kvm2 before kvm10. */
export function byName(left: string, right: string): number {
  return NATURAL.compare(left, right);
}
