// What goes wrong, with the rules, words and exit codes of the `berth` command.
import { inspect } from 'node:util';
import { clean } from './text.js';

/** As `berth --help` lists them. */
export const EXIT = {
  failed: 1,
  usage: 2,
  unreachable: 3,
  denied: 4,
  notFound: 5,
  conflict: 6,
  refused: 7,
  server: 8,
  breaks: 9,
} as const;

export interface Trouble {
  /** What was wrong. */
  text: string;
  /** A short name that scripts may rely on: `version-exists`, `unreachable`, … */
  rule: string;
  /** Which file, option or place. */
  where?: string | undefined;
  /** What to do. */
  hint?: string | undefined;
  /** The server's request id, its status and rule: for its log. */
  request?: string | undefined;
  /** The status of the server's answer. */
  status?: number | undefined;
  exitCode?: number;
}

/** A failed publish. Its message is all there is to say, a line for each thing. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly rule: string;
  readonly where: string | undefined;
  readonly hint: string | undefined;
  readonly request: string | undefined;
  readonly status: number | undefined;
  /** What `berth` exits with. */
  readonly exitCode: number;

  constructor({ text, rule, where, hint, request, status, exitCode = EXIT.usage }: Trouble) {
    const more = Object.entries({ where, hint, request }).filter(([, value]) => value);
    super([`berth: ${clean(text)}`, ...more.map(([label, value]) => `${label}: ${clean(value!)}`)].join('\n'));
    this.rule = rule;
    this.where = where;
    this.hint = hint;
    this.request = request;
    this.status = status;
    this.exitCode = exitCode;
    // Tools print the stack, or inspect; where in this package it was thrown tells their users nothing.
    this.stack = this.message;
  }

  [inspect.custom](): string {
    return this.message;
  }
}
