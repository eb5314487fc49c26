// Lines for people, on standard error: what a build prints on standard output may be for a program.

/** Where lines go that tell how a publish goes. */
export interface Listener {
  /** What goes on; the next line takes its place. */
  progress?(text: string): void;
  line?(text: string): void;
  warn?(text: string): void;
}

const CLEAR_LINE = '\r\u001b[K';

export interface Output extends Required<Listener> {
  /** Takes away what `progress` has left. */
  end(): void;
}

const onError = (text: string): void => void process.stderr.write(`berth: ${text}\n`);

/** `line`: where lines go that are no warnings. */
export function makeOutput({ quiet = false, line = onError }: { quiet?: boolean | undefined; line?: (text: string) => void }): Output {
  let painted = false;
  const end = () => {
    if (painted) process.stderr.write(CLEAR_LINE);
    painted = false;
  };
  return {
    end,
    progress(text) {
      if (quiet || !process.stderr.isTTY) return;
      end();
      process.stderr.write(text.slice(0, (process.stderr.columns || 80) - 1));
      painted = true;
    },
    line(text) {
      end();
      if (!quiet) line(text);
    },
    warn(text) {
      end();
      process.stderr.write(`warning: ${text}\n`);
    },
  };
}
