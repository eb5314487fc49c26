// Folders with files in them, for the length of a test.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../..', import.meta.url));
export const own = path.join(root, 'frontends/publish');

export function newFolder(test) {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'berth-publish-')));
  test.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** `{path: text}` */
export function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

export const folderWith = (test, files) => write(newFolder(test), files);

let names;

/** The files that npm would pack of this package. */
function packed() {
  names ??= JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: own, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))[0].files.map(({ path: name }) => name);
  return names;
}

/** A project's folder that has the packages of `packages`, and this package as npm packs it. */
export function newProject(test, packages, files = {}) {
  const folder = newFolder(test);
  const installed = path.join(folder, 'node_modules/@berth/publish');
  mkdirSync(installed, { recursive: true });
  for (const name of packed()) cpSync(path.join(own, name), path.join(installed, name));
  const project = path.join(folder, 'project');
  mkdirSync(project);
  symlinkSync(packages, path.join(project, 'node_modules'));
  return write(project, files);
}
