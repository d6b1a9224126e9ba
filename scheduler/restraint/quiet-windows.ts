// Reads quiet windows, times of the week in which only urgent moves are made, and finds the one that applies. Pure.

/** One window, in minutes of the week of its zone, Monday 00:00 being 0; it may extend past the end of the week. */
export interface QuietWindow {
  /** As it was written. */
  readonly text: string;
  readonly fromMinutes: readonly number[];
  readonly lengthMinutes: number;
  readonly zone: string;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;
const PATTERN = /^(?:(?<days>[a-z,-]+) )?(?<from>\d\d:\d\d)-(?<to>\d\d:\d\d)(?: (?<zone>[A-Za-z][\w+/-]*))?$/;

/**
 * Reads "22:00-06:00", "mon-fri 08:00-18:00", "sat,sun 00:00-24:00 Europe/Berlin": days (default: all), start and end
 * (on the next day if not later than the start), and an IANA time zone (default: UTC). Undefined for anything else.
 */
export function parseQuietWindow(text: string): QuietWindow | undefined {
  const groups = PATTERN.exec(text.trim())?.groups;
  const days = parseDays(groups?.['days'] ?? 'mon-sun');
  const from = parseTime(groups?.['from'] ?? '');
  const to = parseTime(groups?.['to'] ?? '');
  const zone = groups?.['zone'] ?? 'UTC';
  if (days === undefined || from === undefined || to === undefined || !isZone(zone)) return undefined;
  return {
    text,
    fromMinutes: days.map((day) => day * DAY_MINUTES + from),
    lengthMinutes: to > from ? to - from : to + DAY_MINUTES - from,
    zone,
  };
}

/** Why only urgent moves are made at `nowMs`; undefined outside all windows. */
export function quietReason(windows: readonly QuietWindow[], nowMs: number): string | undefined {
  const window = windows.find((each) => isWithin(each, minuteOfWeek(nowMs, each.zone)));
  return window === undefined ? undefined : `only urgent moves are made in the quiet window (${window.text})`;
}

function isWithin({ fromMinutes, lengthMinutes }: QuietWindow, minute: number): boolean {
  return fromMinutes.some((from) => (minute - from + WEEK_MINUTES) % WEEK_MINUTES < lengthMinutes);
}

function minuteOfWeek(nowMs: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
  const day = DAYS.indexOf((parts.get('weekday') ?? '').toLowerCase());
  return day * DAY_MINUTES + Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
}

/** "mon-fri", "sat,sun", "fri-mon", as indexes in DAYS. */
function parseDays(text: string): number[] | undefined {
  const days: number[] = [];
  for (const part of text.split(',')) {
    const [first = -1, last = first, ...others] = part.split('-').map((day) => DAYS.indexOf(day));
    if (first < 0 || last < 0 || others.length > 0) return undefined;
    const count = ((last - first + DAYS.length) % DAYS.length) + 1;
    for (let after = 0; after < count; after += 1) days.push((first + after) % DAYS.length);
  }
  return days;
}

function parseTime(text: string): number | undefined {
  const [hours = NaN, minutes = NaN] = text.split(':').map(Number);
  const time = hours * 60 + minutes;
  return minutes < 60 && time <= DAY_MINUTES ? time : undefined;
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone }).format(0) !== '';
  } catch {
    return false;
  }
}
