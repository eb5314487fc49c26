// One publish: from a folder to a version of a module.
import path from 'node:path';
import { send, type Answer, type Connection } from './client.js';
import { pack } from './pack.js';
import type { Listener } from './output.js';
import { checkPublishOptions, resolveSettings, type PublishOptions, type Settings } from './settings.js';
import { clean, humanSize } from './text.js';

export interface Published {
  module: string;
  version: string;
  /** `false`: it was there already, with the same contents. */
  created: boolean;
  dryRun: boolean;
  files: number;
  bytes: number;
  /** SHA-256 of the archive: the same files always give the same. */
  archiveDigest: string;
  /** Where its files are for ever; absent in a dry run. */
  url?: string;
  live?: boolean;
  /** Where this publish made it live: the number of that change, and what was live before. */
  generation?: number;
  previous?: string;
  /** How many open browsers were told to load it ahead. */
  staged?: number;
  /** What the server found strange. */
  warnings: { rule: string; text: string }[];
}

/** What is published, and where a search for its package.json begins: else in the folder itself. */
export interface Source {
  dir: string;
  packageDir?: string | undefined;
}


const pathOf = ({ module }: Settings, action: string) => `/api/modules/${module}/${action}`;

function pathOfUpload(settings: Settings, { activate, reason, force }: PublishOptions): string {
  const anyway = activate && force ? '&force=true' : '';
  const why = activate && reason ? `&reason=${encodeURIComponent(reason)}` : '';
  return `${pathOf(settings, 'versions')}/${encodeURIComponent(settings.version)}${activate ? `?activate=true${why}${anyway}` : ''}`;
}

async function stage(connection: Connection, settings: Settings): Promise<number> {
  const body = Buffer.from(JSON.stringify({ version: settings.version }));
  const { json } = await send(connection, { method: 'POST', path: pathOf(settings, 'stage'), type: 'application/json', body });
  return Number(json.streams ?? 0);
}

function readWarnings(list: unknown): Published['warnings'] {
  if (!Array.isArray(list)) return [];
  return list.map((warning) => ({ rule: String(warning?.rule ?? 'no rule'), text: String(warning?.text ?? 'no text') }));
}

function readAnswer({ status, json }: Answer, known: Published): Published {
  const { url, live, generation, previous, files, bytes, warnings } = json;
  return {
    ...known,
    created: status === 201,
    live: live === true,
    warnings: readWarnings(warnings),
    ...(typeof files === 'number' && { files }),
    ...(typeof bytes === 'number' && { bytes }),
    ...(typeof url === 'string' && { url }),
    ...(typeof generation === 'number' && { generation }),
    ...(typeof previous === 'string' && { previous }),
  };
}

/** One line: what was done, and what may be done next. */
function describe({ module, version, created, dryRun, files, bytes, live, generation, previous, staged }: Published): string {
  const target = `${module}@${version}`;
  const size = `${files} ${files === 1 ? 'file' : 'files'}, ${humanSize(bytes)}`;
  if (dryRun) return clean(`dry run, nothing was sent: ${target}, ${size}`);
  const did = created ? `uploaded ${target}: ${size}` : `${target} was there already, with the same contents: ${size}`;
  const ahead = staged === undefined ? '' : `loaded ahead by ${staged} open ${staged === 1 ? 'browser' : 'browsers'}; `;
  let then = `${ahead}next: berth activate ${target}`;
  if (live) then = generation === undefined ? 'it is live' : `it is live, generation ${generation}`;
  // Of a version that was live already it tells that one.
  if (live && previous && previous !== version) then += `; way back to ${previous}: berth rollback ${module}`;
  return clean(`${did}; ${then}`);
}

/** Packs a folder and publishes it. Fails with a PublishError. Prints nothing: `listener` is told. */
export async function publish(options: PublishOptions & Source, listener: Listener = {}): Promise<Published> {
  checkPublishOptions(options);
  const dir = path.resolve(options.dir);
  const settings = await resolveSettings(options, options.packageDir ?? dir);
  const { module, version, server, token } = settings;
  const packed = await pack(dir, { sourceMaps: options.sourceMaps, secret: token });
  const known: Published = {
    module,
    version,
    created: false,
    dryRun: options.dryRun === true,
    files: packed.files,
    bytes: packed.bytes,
    archiveDigest: `sha256:${Buffer.from(packed.digest, 'base64').toString('hex')}`,
    warnings: [],
  };
  if (options.dryRun) {
    listener.line?.(describe(known));
    return known;
  }
  const connection: Connection = { server, token, onBusy: (text) => listener.line?.(text) };
  listener.progress?.(clean(`uploading ${module}@${version} to ${server}: ${humanSize(packed.archive.length)}`));
  const call = { method: 'PUT', path: pathOfUpload(settings, options), type: 'application/gzip', body: packed.archive, digest: packed.digest } as const;
  const published = readAnswer(await send(connection, call), known);
  if (options.stage) published.staged = await stage(connection, settings);
  for (const { rule, text } of published.warnings) listener.warn?.(clean(`${text} (${rule})`));
  listener.line?.(describe(published));
  return published;
}
