// Options, environment and package.json, made into what is published where; checked before anything is packed or sent.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EXIT, PublishError } from './errors.js';
import { reasonOf } from './text.js';

export interface PublishOptions {
  /** The admin address of the server; else `BERTH_SERVER`, else http://127.0.0.1:8081. */
  server?: string | undefined;
  /** Better not in a file: else it is in `tokenFile`, else in `BERTH_TOKEN`. */
  token?: string | undefined;
  /** A file that holds the token alone. */
  tokenFile?: string | undefined;
  /** The module's name; else `BERTH_MODULE`, else `name` of the package.json. */
  module?: string | undefined;
  /** A semantic version, or what makes one at every publish; else `BERTH_VERSION`, else `version` of the package.json. */
  version?: string | (() => string | Promise<string>) | undefined;
  /** Make the version live at once, on open pages too. */
  activate?: boolean | undefined;
  /** Have open pages load the version ahead; nothing that is live changes. */
  stage?: boolean | undefined;
  /** With `activate`: why, for the history. */
  reason?: string | undefined;
  /** With `activate` and `reason`: go live though it breaks what others use. */
  force?: boolean | undefined;
  /** Pack and check, but send nothing; no token is needed. */
  dryRun?: boolean | undefined;
  /** Publish `*.js.map` and `*.css.map` too; `true` if not given. */
  sourceMaps?: boolean | undefined;
}

/** Of a plugin: when it publishes, and how much it says. */
export interface PluginOptions extends PublishOptions {
  /** `false`: do nothing; for builds that are not to be published. */
  enabled?: boolean | undefined;
  /** Publish in watch mode too, after every build; `version` must then be a new one each time. */
  watch?: boolean | undefined;
  /** Say only what is wrong. */
  quiet?: boolean | undefined;
}

export interface Settings {
  server: string;
  token: string | undefined;
  module: string;
  version: string;
}

const DEFAULT_SERVER = 'http://127.0.0.1:8081';
const NAME_PART_MAX = 64;
const VERSION_MAX = 128;
const TOKEN_MAX = 4096;

const NAME_PART = `(?!\\.)[a-z0-9._-]{1,${NAME_PART_MAX}}`;
const MODULE_NAME = new RegExp(`^(?:@${NAME_PART}/)?${NAME_PART}$`);
const NUMBER = '(?:0|[1-9]\\d*)';
const PRERELEASE = `(?:${NUMBER}|\\d*[a-zA-Z-][\\da-zA-Z-]*)`;
const SEMVER = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRERELEASE}(?:\\.${PRERELEASE})*)?(?:\\+[\\da-zA-Z-]+(?:\\.[\\da-zA-Z-]+)*)?$`);

const BOOLEANS = ['activate', 'stage', 'force', 'dryRun', 'sourceMaps'];
const TEXTS = ['server', 'token', 'tokenFile', 'module', 'reason', 'version'];
const OF_PUBLISH = ['dir', 'packageDir'];
const OF_PLUGINS = ['enabled', 'watch', 'quiet'];

/** What a configuration without types may get wrong: `activate: 'false'` must not activate, nor `actvate` do nothing. */
function checkOptions(options: object, booleans: string[], texts: string[]): void {
  const bad = (text: string, hint: string) => new PublishError({ rule: 'usage', text, hint });
  for (const [name, value] of Object.entries(options)) {
    const boolean = booleans.includes(name);
    if (!boolean && !texts.includes(name)) throw bad(`there is no option "${name}"`, `there are: ${[...texts, ...booleans].join(', ')}`);
    if (value === undefined || (name === 'version' && typeof value === 'function')) continue;
    if (boolean && typeof value !== 'boolean') throw bad(`the option "${name}" takes true or false`, 'of an environment variable it is a comparison that gives one');
    if (!boolean && typeof value !== 'string') throw bad(`the option "${name}" takes a text`, 'leave it out, or make it undefined, where there is none');
  }
}

export const checkPluginOptions = (options: object): void => checkOptions(options, [...BOOLEANS, ...OF_PLUGINS], TEXTS);
export const checkPublishOptions = (options: object): void => checkOptions(options, BOOLEANS, [...OF_PUBLISH, ...TEXTS]);

/** An environment variable; one that is empty is as good as none. */
const environment = (name: string): string | undefined => process.env[name] || undefined;

interface Manifest {
  file: string;
  name?: unknown;
  version?: unknown;
}

async function readManifest(file: string): Promise<Manifest | undefined> {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new PublishError({ rule: 'package-json', text: `cannot read the file: ${reasonOf(error)}`, where: file });
  });
  if (text === undefined) return undefined;
  try {
    const { name, version } = JSON.parse(text);
    return { file, name, version };
  } catch (error) {
    throw new PublishError({ rule: 'package-json', text: `the file is no JSON: ${reasonOf(error)}`, where: file });
  }
}

/** The nearest one that is a package's, from a folder upwards: there are some that only tell a module's type. */
async function findManifest(folder: string): Promise<Manifest | undefined> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const manifest = await readManifest(path.join(at, 'package.json'));
    if (manifest?.name !== undefined || manifest?.version !== undefined) return manifest;
    if (at === path.dirname(at)) return undefined;
  }
}

interface Found {
  value: string;
  where: string;
}

/** The first that is given: option, environment, package.json. */
function choose(key: 'module' | 'version', option: string | undefined, manifest: Manifest | undefined): Found {
  const variable = `BERTH_${key.toUpperCase()}`;
  const field = key === 'module' ? 'name' : 'version';
  const fromEnvironment = environment(variable);
  if (option) return { value: option, where: `"${option}", the option "${key}"` };
  if (fromEnvironment) return { value: fromEnvironment, where: `"${fromEnvironment}", in ${variable}` };
  const value = manifest?.[field];
  if (typeof value === 'string' && value) return { value, where: `"${value}", "${field}" in ${manifest!.file}` };
  throw new PublishError({
    rule: key === 'module' ? 'module-name' : 'version',
    text: `which ${key} is this to be?`,
    where: manifest && `${manifest.file} has no "${field}"`,
    hint: `set the option "${key}", ${variable}, or "${field}" in package.json`,
  });
}

function checkModule({ value, where }: Found): string {
  if (MODULE_NAME.test(value)) return value;
  throw new PublishError({
    rule: 'module-name',
    text: 'not a module name',
    where,
    hint: `use a-z, 0-9, ".", "_", "-", as in header-app or @shop/cart; at most ${NAME_PART_MAX} characters a part, not starting with a dot`,
  });
}

function checkVersion({ value, where }: Found): string {
  if (value.length <= VERSION_MAX && SEMVER.test(value)) return value;
  let hint = 'write it as 1.2.3, 1.2.3-beta.1 or 1.2.3+build.5, without leading zeros';
  if (value.length > VERSION_MAX) hint = `at most ${VERSION_MAX} characters`;
  else if (/^v/i.test(value) && SEMVER.test(value.slice(1))) hint = 'leave out the leading "v"';
  throw new PublishError({ rule: 'version', text: 'not a semantic version (semver 2.0.0)', where, hint });
}

function checkServer(server: string): string {
  const bad = (what: string, why: string) =>
    new PublishError({
      rule: 'server-url',
      text: `${what} is no server URL: ${why}`,
      hint: 'give the option "server" or BERTH_SERVER as in http://127.0.0.1:8081',
    });
  if (!server.includes('://')) throw bad(server, 'it must begin with http:// or https://');
  let url: URL;
  try {
    url = new URL(server);
  } catch {
    throw bad('that', 'it is malformed');
  }
  // The message does not repeat a URL that may hold a password.
  if (url.username || url.password) throw bad('that', 'it must not hold a name or password');
  if (!['http:', 'https:'].includes(url.protocol)) throw bad(server, 'only http and https are spoken');
  if (/[?#]/.test(server)) throw bad(server, 'it must not have a query or fragment');
  return server.replace(/\/+$/, '');
}

async function readToken({ token, tokenFile }: PublishOptions): Promise<string | undefined> {
  let found = token || undefined;
  if (token && tokenFile) throw new PublishError({ rule: 'usage', text: 'use "token" or "tokenFile", not both' });
  if (tokenFile) {
    const text = await readFile(tokenFile, 'utf8').catch((error) => {
      throw new PublishError({ rule: 'token-file', text: `cannot read the token file: ${reasonOf(error)}`, where: tokenFile, exitCode: EXIT.failed });
    });
    found = text.split(/\r?\n/, 1)[0];
    if (!found) throw new PublishError({ rule: 'token-file', text: 'the token file is empty', where: tokenFile });
  }
  found ??= environment('BERTH_TOKEN');
  if (found === undefined || (found.length <= TOKEN_MAX && /^[\x21-\x7e]+$/.test(found))) return found;
  throw new PublishError({
    rule: 'token',
    text: 'the token is empty or holds characters no token has',
    hint: 'it looks like berth_ and 43 letters and digits, on one line',
  });
}

/** `folder`: where the search for a package.json begins. */
export async function resolveSettings(options: PublishOptions, folder: string): Promise<Settings> {
  if (options.activate && options.stage) {
    throw new PublishError({ rule: 'usage', text: 'use "activate" or "stage", not both', hint: 'stage now, and activate the version later' });
  }
  const given = typeof options.version === 'function' ? await options.version() : options.version;
  const known = (options.module || environment('BERTH_MODULE')) && (given || environment('BERTH_VERSION'));
  const manifest = known ? undefined : await findManifest(folder);
  const token = await readToken(options);
  if (!token && !options.dryRun) {
    throw new PublishError({
      rule: 'token-missing',
      text: 'a token is needed',
      hint: "set BERTH_TOKEN; a new server's first token is in its data directory, in admin.token",
      exitCode: EXIT.denied,
    });
  }
  return {
    server: checkServer(options.server || environment('BERTH_SERVER') || DEFAULT_SERVER),
    token,
    module: checkModule(choose('module', options.module, manifest)),
    version: checkVersion(choose('version', given, manifest)),
  };
}
