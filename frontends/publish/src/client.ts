// Requests to a server's admin listener.
//
// Redirects are not followed, no proxy is asked, and only http and https are spoken: a token goes to the server that
// was named and nowhere else. A body is sent when the server has said that it wants it, so that a token or version
// that is refused is refused before, and the refusal cannot be lost to a reset of the connection.
import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { EXIT, PublishError } from './errors.js';
import { reasonOf } from './text.js';
import { VERSION } from './version.js';

const CONNECT_TIMEOUT_MS = 10_000;
/** Nothing moves for so long. */
const STALL_MS = 120_000;
/** A proxy may not pass on that the server wants the body. */
const CONTINUE_MS = 1000;
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;
const RETRIES = 3;
const RETRY_MAX_S = 10;

/** Codes of Node for a certificate that it does not trust. */
const CERTIFICATE = /CERT|UNABLE_TO_/;

const PROBLEM = 'urn:berth:problem:';

export interface Connection {
  server: string;
  token: string | undefined;
  /** Told when the server is busy and is asked again. */
  onBusy?: (text: string) => void;
}

export interface Call {
  method: 'PUT' | 'POST';
  /** Escaped, with the query. */
  path: string;
  type: string;
  body: Buffer;
  /** SHA-256 in base64. */
  digest?: string;
}

export interface Answer {
  status: number;
  json: Record<string, unknown>;
}

interface RawAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

const exitOfStatus = (status: number, rule = ''): number => {
  if (status === 409 && rule === 'compatibility') return EXIT.breaks;
  if (status === 401 || status === 403) return EXIT.denied;
  if (status === 404) return EXIT.notFound;
  if (status === 409 || status === 412) return EXIT.conflict;
  if ([400, 413, 415, 422].includes(status)) return EXIT.refused;
  return status === 429 || status >= 500 ? EXIT.server : EXIT.failed;
};

function unreachable({ server }: Connection, error: unknown, sent: boolean): PublishError {
  const { code } = error as NodeJS.ErrnoException;
  let hint;
  let reason = reasonOf(error);
  if (sent) hint = 'whether the server did it is not known: publishing the same again does no harm';
  else if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    reason = `could not resolve host: ${new URL(server).hostname}`;
    hint = 'check the host name in the option "server" or BERTH_SERVER';
  } else if (CERTIFICATE.test(code ?? '')) hint = 'if an authority of your own signs for it, name its certificate in NODE_EXTRA_CA_CERTS';
  else if (code === 'ECONNREFUSED') hint = 'is the server running? start it with "berth serve --data DIR", or set BERTH_SERVER to its admin address';
  const text = `${sent ? 'lost the connection to' : 'cannot reach'} ${server}: ${reason}`;
  return new PublishError({ rule: 'unreachable', text, hint, exitCode: EXIT.unreachable });
}

async function readBody(answer: IncomingMessage, server: string): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > ANSWER_MAX_BYTES) {
      const text = `${server} sent an answer of more than ${ANSWER_MAX_BYTES / 1024 / 1024} MiB`;
      throw new PublishError({ rule: 'answer-too-large', text, exitCode: EXIT.failed });
    }
  }
  return Buffer.concat(pieces).toString('utf8');
}

function open({ server, token }: Connection, call: Call): ClientRequest {
  const headers = {
    accept: 'application/json, application/problem+json',
    authorization: `Bearer ${token}`,
    'content-type': call.type,
    'content-length': call.body.length,
    expect: '100-continue',
    'user-agent': `berth-publish/${VERSION}`,
    ...(call.digest && { 'repr-digest': `sha-256=:${call.digest}:` }),
  };
  const request = server.startsWith('https:') ? requestHttps : requestHttp;
  return request(`${server}${call.path}`, { method: call.method, headers, agent: false });
}

/** Any answer, whatever its status. */
function exchange(connection: Connection, call: Call): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = open(connection, call);
    let connected = false;
    let answered = false;
    let patience: NodeJS.Timeout | undefined;
    const fail = (error: unknown) => {
      clearTimeout(patience);
      reject(error instanceof PublishError ? error : unreachable(connection, error, connected));
    };
    const timeOut = (ms: number) => request.destroy(new Error(`nothing came for ${ms / 1000} s`));
    const send = () => {
      clearTimeout(patience);
      if (!request.writableEnded && !answered) request.end(call.body);
    };
    const ready = connection.server.startsWith('https:') ? 'secureConnect' : 'connect';
    patience = setTimeout(timeOut, CONNECT_TIMEOUT_MS, CONNECT_TIMEOUT_MS);
    request.on('socket', (socket) =>
      socket.once(ready, () => {
        connected = true;
        clearTimeout(patience);
        patience = setTimeout(send, CONTINUE_MS);
      }),
    );
    request.setTimeout(STALL_MS, () => timeOut(STALL_MS));
    request.on('continue', send);
    // Once there is an answer, that the rest of the body was not taken is no news.
    request.on('error', (error) => answered || fail(error));
    request.on('response', (answer) => {
      answered = true;
      clearTimeout(patience);
      readBody(answer, connection.server)
        .then((body) => resolve({ status: answer.statusCode!, headers: answer.headers, body }), fail)
        .finally(() => request.destroy());
    });
    request.flushHeaders();
  });
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);

/** Advice for people at a build, which wins over the server's own for those who speak HTTP. */
function adviceFor(status: number, rule: string): string | undefined {
  if (status === 401) return 'another token is needed: an admin makes one with "berth token create"';
  // A server knows every path that is asked for here; the public listener knows none, and takes no PUT.
  if (['no-route', 'not-found', 'method-not-allowed'].includes(rule)) return 'is that the admin address? the public one takes no commands';
  return undefined;
}

/** What would break, a line each, of a refusal's report. */
function breaksOf(json: Record<string, unknown>): string {
  const { breaks } = (json.compatibility ?? {}) as { breaks?: { text?: unknown; already?: unknown }[] };
  if (!Array.isArray(breaks)) return '';
  return breaks.flatMap(({ text, already }) => (textOf(text) && !already ? [`; ${textOf(text)!}`] : [])).join('');
}

function problem(answer: RawAnswer, json: Record<string, unknown>): PublishError {
  const { status, headers } = answer;
  const type = textOf(json.type) ?? '';
  const rule = type.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : '';
  let hint = adviceFor(status, rule) ?? textOf(json.hint);
  if (!hint && status === 403) hint = 'another token is needed: an admin makes one with "berth token create"';
  return new PublishError({
    text: `${textOf(json.detail) ?? textOf(json.title) ?? 'the server says nothing more'}${breaksOf(json)}`,
    rule,
    where: textOf(json.where),
    hint,
    request: `${textOf(json.requestId) ?? headers['x-request-id'] ?? '-'} (${status} ${rule})`,
    status,
    exitCode: exitOfStatus(status, rule),
  });
}

/** An answer that no berth server gives: a proxy's error page, a redirect, another server. */
function stranger({ server }: Connection, { status, headers }: RawAnswer): PublishError {
  const exitCode = status >= 400 ? exitOfStatus(status) : EXIT.failed;
  if (status >= 300 && status < 400 && headers.location) {
    return new PublishError({
      rule: 'redirect',
      text: `${server} redirects (${status}), and berth does not follow`,
      where: headers.location,
      hint: 'if that is the server, name it in the option "server" or BERTH_SERVER',
      status,
      exitCode,
    });
  }
  return new PublishError({
    rule: 'no-berth-server',
    text: `${server} did not answer as a berth server does (${status}, ${headers['content-type'] ?? 'no type'})`,
    hint: 'the option "server" takes the admin address, port 8081 if nothing else was said; a proxy before it may have answered',
    status,
    exitCode,
  });
}

function read(connection: Connection, answer: RawAnswer): Answer {
  const json = parseObject(answer.body);
  const good = answer.status >= 200 && answer.status < 300;
  if (!json || (!good && !textOf(json.detail) && !textOf(json.title))) throw stranger(connection, answer);
  if (!good) throw problem(answer, json);
  return { status: answer.status, json };
}

/** In seconds from now; a date is understood too. */
function retryAfter(headers: IncomingMessage['headers']): number | undefined {
  const text = headers['retry-after'];
  if (!text) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 0), RETRY_MAX_S);
}

/** What a server answers that did what was asked; else a PublishError. A server that is busy is asked again. */
export async function send(connection: Connection, call: Call): Promise<Answer> {
  for (let retry = 1; ; retry++) {
    const answer = await exchange(connection, call);
    const seconds = answer.status === 503 ? retryAfter(answer.headers) : undefined;
    if (seconds === undefined || retry > RETRIES) return read(connection, answer);
    connection.onBusy?.(`the server is busy; trying again in ${seconds} s (${retry} of ${RETRIES})`);
    await wait(seconds * 1000);
  }
}
