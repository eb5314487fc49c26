// A build's output as .tar.gz, the same bytes for the same files: sorted, no owners, no times.
import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { EXIT, PublishError } from './errors.js';
import { tarEnd, tarHeader, tarPadding } from './tar.js';
import { humanSize, reasonOf } from './text.js';

/** Of a folder that was named by mistake (a home, say); the server's own limits are lower and can be set there. */
const MAX_FILES = 200_000;
const MAX_ARCHIVE_BYTES = 1024 ** 3;
/** The server takes no deeper one. */
const MAX_DEPTH = 16;
/** In gzip's head: which system packed it. 255 is none in particular. */
const GZIP_SYSTEM = 9;

/** What is shorter is no token, and may stand anywhere. */
const MIN_SECRET = 16;

const SOURCE_MAP = /\.(?:[cm]?js|css)\.map$/;

export interface Packed {
  archive: Buffer;
  /** SHA-256 of the archive, as in Repr-Digest: base64. */
  digest: string;
  /** How many files are in it, and how many bytes they have. */
  files: number;
  bytes: number;
}

export interface PackOptions {
  /** Leave out what is named `*.js.map` or `*.css.map`. */
  sourceMaps?: boolean | undefined;
  /** A text that must be in no file. */
  secret?: string | undefined;
}

function refuse(rule: string, text: string, where: string, hint?: string): never {
  throw new PublishError({ rule, text, where, hint, exitCode: EXIT.refused });
}

function failRead(error: unknown, where: string): never {
  if (error instanceof PublishError) throw error;
  throw new PublishError({ rule: 'pack-read', text: `cannot read the file: ${reasonOf(error)}`, where, exitCode: EXIT.failed });
}

/** Paths of all files, with slashes, in no order. */
async function list(directory: string, folder: string, depth: number, found: string[]): Promise<void> {
  if (depth >= MAX_DEPTH) refuse('path-deep', `the folder is more than ${MAX_DEPTH} folders deep`, folder);
  const entries = await readdir(path.join(directory, folder), { withFileTypes: true }).catch((error) => failRead(error, folder || directory));
  for (const entry of entries) {
    const name = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) await list(directory, name, depth + 1, found);
    else if (entry.isSymbolicLink()) refuse('type-symlink', 'the file is a symbolic link', name);
    else if (!entry.isFile()) refuse('type-device', 'the file is a special file', name);
    else if (found.push(name) > MAX_FILES) refuse('limit-entries', `the folder has more than ${MAX_FILES} files`, directory);
  }
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function listFiles(directory: string, sourceMaps: boolean): Promise<string[]> {
  const hint = 'give the folder that the build writes to';
  const info = await stat(directory).catch((error) => refuse('archive', `there is nothing to publish: ${reasonOf(error)}`, directory, hint));
  if (!info.isDirectory()) refuse('archive', 'there is nothing to publish: not a directory', directory, hint);
  const found: string[] = [];
  await list(directory, '', 0, found);
  const files = sourceMaps ? found : found.filter((name) => !SOURCE_MAP.test(name));
  if (!files.length) refuse('archive-empty', 'there is nothing to publish: the folder has no files', directory, hint);
  return files.sort(byBytes);
}

function checkSecret(data: Buffer, secret: string | undefined, where: string): void {
  if (!secret || secret.length < MIN_SECRET || !data.includes(secret)) return;
  refuse(
    'token-in-output',
    'the file holds the token that it is published with',
    where,
    'the build writes environment variables into its output: name only those that it needs. If this was published before, revoke the token',
  );
}

/** Packs all files of a directory; nothing is left on the disk. */
export async function pack(directory: string, { sourceMaps = true, secret }: PackOptions = {}): Promise<Packed> {
  const names = await listFiles(directory, sourceMaps);
  let bytes = 0;
  async function* tar() {
    for (const name of names) {
      const data = await readFile(path.join(directory, name)).catch((error) => failRead(error, name));
      checkSecret(data, secret, name);
      bytes += data.length;
      yield tarHeader(name, data.length);
      yield data;
      yield tarPadding(data.length);
    }
    yield tarEnd;
  }
  const pieces: Buffer[] = [];
  let length = 0;
  await pipeline(Readable.from(tar()), createGzip(), async (packed: AsyncIterable<Buffer>) => {
    for await (const piece of packed) {
      pieces.push(piece);
      length += piece.length;
      if (length > MAX_ARCHIVE_BYTES) refuse('limit-archive', `the archive is over ${humanSize(MAX_ARCHIVE_BYTES)}`, directory, 'is that the folder that the build writes to?');
    }
  });
  const archive = Buffer.concat(pieces);
  archive[GZIP_SYSTEM] = 255;
  return { archive, digest: createHash('sha256').update(archive).digest('base64'), files: names.length, bytes };
}
