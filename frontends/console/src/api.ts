/** Calls of the admin API. The token goes in a header, never in a URL. */
import { signal } from '@preact/signals';
import type { Problem } from './types';

const KEY = 'berth-token';

/** Kept for this tab only, and gone with it. */
export const token = signal<string | null>(sessionStorage.getItem(KEY));

/** Why one must log in again. */
export const ended = signal<ApiError | undefined>(undefined);

export function keepToken(text: string): void {
  sessionStorage.setItem(KEY, text);
  ended.value = undefined;
  token.value = text;
}

export function forgetToken(why?: ApiError): void {
  sessionStorage.removeItem(KEY);
  ended.value = why;
  token.value = null;
}

/** What the server said in place of an answer, or that there was none. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail || problem.title || `status ${status}`);
    this.status = status;
    this.problem = problem;
  }

  /** `urn:berth:problem:version-exists` → `version-exists` */
  get rule(): string {
    return (this.problem.type ?? '').replace('urn:berth:problem:', '');
  }
}

const NO_SERVER: Problem = {
  type: 'urn:berth:problem:no-answer',
  detail: 'the server did not answer',
  hint: 'see whether it runs and can be reached; the console tries again',
};

/** Any text that is no problem document becomes one. */
export function problemOf(status: number, text: string): Problem {
  try {
    const value: unknown = JSON.parse(text);
    if (value && typeof value === 'object') return value as Problem;
  } catch {
    // not JSON: a proxy may have answered
  }
  return { title: `status ${status}`, detail: text.slice(0, 300) || 'the server said nothing more' };
}

export function toError(reason: unknown): ApiError {
  if (reason instanceof ApiError) return reason;
  return new ApiError(0, reason instanceof TypeError ? NO_SERVER : { detail: String(reason) });
}

export interface CallOptions {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Another token than the one that is kept. */
  as?: string;
}

/** A path below /api/ with its query: ['modules', name], {limit: 5}. */
export function url(parts: string[], query: Record<string, string | number | boolean | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(name, String(value));
  // A module's scope is a segment of its own.
  const path = parts.map((part) => part.split('/').map(encodeURIComponent).join('/').replace(/%40/g, '@')).join('/');
  const text = search.toString();
  return `/api/${path}${text ? `?${text}` : ''}`;
}

export async function answer(path: string, options: CallOptions = {}): Promise<Response> {
  const { method = 'GET', body, headers = {}, signal: abort, as = token.value ?? '' } = options;
  const init: RequestInit = { method, headers: { ...headers, authorization: `Bearer ${as}` }, cache: 'no-store' };
  if (abort) init.signal = abort;
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...init.headers, 'content-type': 'application/json' };
  }
  const response = await fetch(path, init);
  if (response.ok) return response;
  const error = new ApiError(response.status, problemOf(response.status, await response.text()));
  // Not by an answer that is about an earlier token.
  if (response.status === 401 && as === token.value) forgetToken(error);
  throw error;
}

export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const response = await answer(path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}
