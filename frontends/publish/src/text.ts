// Texts for people, as `berth` writes them.

/** What a terminal would obey, or shows elsewhere than it stands: C0, DEL, C1, and what changes the direction of text. */
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

export const clean = (text: string): string => text.replace(OBEYED, '?');

const UNITS = ['kB', 'MB', 'GB', 'TB'];

export function humanSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let size = bytes / 1000;
  let unit = 0;
  while (size >= 999.95 && unit + 1 < UNITS.length) {
    size /= 1000;
    unit++;
  }
  return `${size.toFixed(1)} ${UNITS[unit]}`;
}

/** Node's texts of system errors are its own ("connect ECONNREFUSED 127.0.0.1:9"); people know the C library's. */
const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EPIPE: 'broken pipe',
  ETIMEDOUT: 'connection timed out',
};

export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code && REASONS[code]) || message || code || String(error);
}
