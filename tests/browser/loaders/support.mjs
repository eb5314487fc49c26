// What all of these tests share: Berth under its public URL, and a host of somebody else's at another origin, with
// the loaders as npm has them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server } from '../support/server.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

/** As scripts/lib.sh's npm_ci does it, with the same stamp. */
function install() {
  const lock = createHash('sha256').update(readFileSync(path.join(here, 'package-lock.json'))).digest('hex');
  const stamp = path.join(here, 'node_modules/.berth-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === lock) return;
  execFileSync('npm', ['ci', '--silent', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' });
  writeFileSync(stamp, `${lock}\n`);
}
install();
const { build } = await import('esbuild');

/** A server whose URLs are absolute, since the host is at another origin. */
export async function berthOf(context) {
  const server = await Server.start(context);
  await server.stop();
  await server.restart(['--public-url', server.origin]);
  return server;
}

/** A folder with these files, for the length of a test. */
export function folderOf(context, files) {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-loaders-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

/** Publishes these files and makes them live. */
export const activate = (context, server, module, version, files) => server.activate(module, version, folderOf(context, files));

/** A script for the browser, with the packages that it imports from npm. */
export async function bundled(text) {
  const { outputFiles } = await build({
    stdin: { contents: text, resolveDir: here, loader: 'ts' },
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0].text;
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json' };

/** `/npm/…` is node_modules; `pages` are {path: text}, where /NAME is HTML. Its origin. */
export async function hostOf(context, pages) {
  const http = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://host');
    const file = path.join(here, 'node_modules', pathname.slice(5));
    const text = pages[pathname] ?? (pathname.startsWith('/npm/') && existsSync(file) ? readFileSync(file) : null);
    response.writeHead(text === null ? 404 : 200, { 'content-type': `${TYPES[path.extname(pathname)] ?? 'text/html'}; charset=utf-8` });
    response.end(text ?? 'no such file');
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  context.after(() => http.close() && http.closeAllConnections());
  return `http://127.0.0.1:${http.address().port}`;
}

export const html = (head, body = '') => `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>A host</title>${head}</head><body>${body}</body></html>`;
