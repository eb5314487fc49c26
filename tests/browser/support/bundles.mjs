// The bundles that are published: the sample modules as they are built, and releases made of them to be broken.
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../../..');

/** Where screenshots and builds are left. Not under version control. */
export const output = path.join(root, 'tests/output');

export const manifest = (name) => path.join(root, 'manifests', `${name}.json`);

function built(module, version) {
  const folder = path.join(root, 'frontends', module, 'dist', version);
  if (!existsSync(path.join(folder, 'remoteEntry.js'))) {
    throw new Error(`${module} ${version} is not built; run: (cd frontends/${module} && npm ci && npm run build), or scripts/test, which does`);
  }
  return folder;
}

export const header = { '1.0.0': built('header-app', '1.0.0'), '1.1.0': built('header-app', '1.1.0') };
export const home = { '1.0.0': built('home-app', '1.0.0') };

/** File names of the scripts that hold React, and react-dom, in any of the sample modules. */
export const reactFiles = filesWithLicence('react');
export const reactDomFiles = filesWithLicence('react-dom');

function filesWithLicence(name) {
  const holds = new RegExp(`^ \\* ${name}\\.production`, 'm');
  const suffix = '.LICENSE.txt';
  return [...Object.values(header), home['1.0.0']].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith(suffix) && holds.test(readFileSync(path.join(folder, file), 'utf8')))
      .map((file) => file.slice(0, -suffix.length)),
  );
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();

let broken;

/** `{'1.2.0', '1.3.0', '1.4.0'}`: see broken-header/README.md. Built once for each state of its sources. */
export function brokenHeader() {
  broken ??= build();
  return broken;
}

async function build() {
  const source = path.join(here, '../broken-header');
  const config = ['webpack.config.js', 'package-lock.json', 'tsconfig.json'].map((name) => path.join(root, 'frontends/header-app', name));
  const folder = path.join(output, 'broken-header', digest([...filesIn(source), ...config]));
  if (!existsSync(folder)) {
    const draft = `${folder}.${randomUUID()}`;
    mkdirSync(draft, { recursive: true });
    try {
      await promisify(execFile)(process.execPath, [path.join(source, 'build.mjs'), draft]);
      renameSync(draft, folder);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (!existsSync(folder)) throw new Error(`the broken headers could not be built: ${error.stderr || error.message}`);
    }
  }
  return Object.fromEntries(['1.2.0', '1.3.0', '1.4.0'].map((version) => [version, path.join(folder, version)]));
}

/** 1.4.0 that goes wrong in this way, in a folder of its own for the length of a test. */
export async function loopingHeader(test, fault) {
  const built = (await brokenHeader())['1.4.0'];
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-looping-'));
  test.after(() => rmSync(folder, { recursive: true }));
  cpSync(built, folder, { recursive: true });
  const holders = filesIn(folder).filter((file) => file.endsWith('.js') && readFileSync(file, 'utf8').includes('__FAULT__'));
  if (!holders.length) throw new Error('no script of 1.4.0 has __FAULT__ in it');
  for (const file of holders) writeFileSync(file, readFileSync(file, 'utf8').replaceAll('__FAULT__', fault));
  return folder;
}
