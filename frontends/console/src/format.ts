/** Numbers and times as people read them. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export function bytes(value: number): string {
  let unit = 0;
  let number = value;
  while (Math.abs(number) >= 999.5 && unit < UNITS.length - 1) {
    number /= 1000;
    unit++;
  }
  return `${unit === 0 ? number : number.toFixed(number < 9.95 ? 1 : 0)} ${UNITS[unit]}`;
}

export function signed(value: number): string {
  return value === 0 ? 'no change' : `${value > 0 ? '+' : '−'}${bytes(Math.abs(value))}`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [30, 'day'],
  [12, 'month'],
  [Infinity, 'year'],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

export function ago(time: string, now = Date.now()): string {
  let distance = (Date.parse(time) - now) / 1000;
  if (Math.abs(distance) < 45) return 'just now';
  for (const [size, unit] of STEPS) {
    if (Math.abs(distance) < size * 0.9) return relative.format(Math.round(distance), unit);
    distance /= size;
  }
  return time;
}

const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export const dateTime = (time: string): string => full.format(Date.parse(time));
export const clock = (time: string): string => hour.format(Date.parse(time));
export const dayOf = (time: string): string => day.format(Date.parse(time));

export function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  const hours = Math.floor(minutes / 60);
  if (hours < 1) return count(minutes, 'minute');
  return hours < 48 ? `${count(hours, 'hour')} ${minutes % 60} min` : count(Math.floor(hours / 24), 'day');
}

/** In the words of the field `<input type="datetime-local">`. */
export function localInput(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
