// Pilets go up by Piral's own command and come down into a stock Piral instance at another origin.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Visit, newContext } from '../support/browser.mjs';
import { Server } from '../support/server.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

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

const require = createRequire(import.meta.url);
/** piral-core has a file that makes a module of the app's settings; Piral's bundlers run it so. */
const codegen = {
  name: 'codegen',
  setup(to) {
    to.onLoad({ filter: /\.codegen$/ }, ({ path: file }) => ({ contents: require(file)(), loader: 'js', resolveDir: path.dirname(file) }));
  },
};

/** The app: a slot for tiles, and a plugin that hears of changes as piral-update's checkServerSentEvents does. */
const instance = (origin) => `
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  import { createInstance, ExtensionSlot, Piral, SetComponent } from 'piral-core';
  const feed = () => fetch('${origin}/api/v1/pilet').then((answer) => answer.json()).then(({ items }) => items);
  const follow = (context) => {
    const known = new Map();
    const notify = (items) => items.forEach((item) => {
      if (known.has(item.name) && known.get(item.name) !== item.version) context.addPilet(item);
      known.set(item.name, item.version);
    });
    new EventSource('${origin}/events').addEventListener('activated', () => context.options.fetchPilets().then(notify));
    setTimeout(() => context.options.fetchPilets().then(notify).then(() => (window.following = true)));
    return () => ({});
  };
  const app = createInstance({ requestPilets: feed, plugins: [follow] });
  const Layout = () => createElement('main', {}, createElement(ExtensionSlot, { name: 'tiles' }));
  createRoot(document.querySelector('#app')).render(
    createElement(Piral, { instance: app }, createElement(SetComponent, { name: 'Layout', component: Layout })));`;

async function hostOf(context, origin) {
  process.chdir(here); // where the codegen looks for piral.json
  const { outputFiles } = await build({
    stdin: { contents: instance(origin), resolveDir: here, loader: 'js' },
    plugins: [codegen],
    define: { 'process.env.NODE_ENV': '"production"' },
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'error',
  });
  const page = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Piral</title><div id="app"></div><script src="/app.js"></script>';
  const http = createServer(({ url }, response) => {
    response.writeHead(200, { 'content-type': `${url === '/app.js' ? 'text/javascript' : 'text/html'}; charset=utf-8` });
    response.end(url === '/app.js' ? outputFiles[0].text : page);
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  context.after(() => http.close() && http.closeAllConnections());
  return `http://127.0.0.1:${http.address().port}`;
}

/** What a pilet's setup does: a tile that says who it is. */
const tile = (words) => `function (api) {
  api.registerExtension('tiles', { type: 'html', component: { mount: function (element) {
    var tile = document.createElement('p'); tile.className = 'tile'; tile.textContent = ${words}; element.append(tile);
  } } });
}`;

/** Main files of each version of the format, as Piral's bundlers end up with them. */
const mains = {
  v0: (words) => ({ 'index.js': `//@pilet v:0\nexports.setup = ${tile(`'${words}'`)};` }),
  v1: (words) => ({ 'index.js': `//@pilet v:1(webpackJsonp_one)\ndocument.currentScript.app = { setup: ${tile(`'${words}'`)} };` }),
  v2: (words) => ({
    'index.js': `//@pilet v:2(webpackChunkpr_two,{"words@1.0.0":"words.js"})
System.register(['words@1.0.0'], function (out) { var words; return { setters: [function (m) { words = m.default; }], execute: function () { out('setup', ${tile(`words + '${words}'`)}); } }; });`,
    'words.js': "System.register([], function (out) { return { execute: function () { out('default', 'told: '); } }; });",
  }),
  v3: (words) => ({
    'index.js': `//@pilet v:3(webpackChunkpr_three,{})
System.register([], function (out) { return { execute: function () { out('styles', ['tile.css']); out('setup', ${tile(`'${words}'`)}); } }; });`,
    'tile.css': '.tile { color: rgb(0, 128, 0); }',
  }),
  mf: (words) => ({
    'index.js': `var pilet_mf;
(() => {
  var moduleMap = {"./pilet": () => Promise.resolve(() => ({ setup: ${tile(`'${words}'`)} }))};
  var exports = {get: (module) => moduleMap[module](), init: () => 1};
  pilet_mf = exports;
})();`,
  }),
};

/** A package's folder, packed by npm. */
async function pack(context, name, version, files) {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-pilet-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'dist'));
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, version, main: 'dist/index.js', files: ['dist'], custom: { from: 'test' } }));
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, 'dist', file), text);
  const { stdout } = await run('npm', ['pack', '--silent', '--offline', '--ignore-scripts'], { cwd: folder });
  return path.join(folder, stdout.trim());
}

/** Piral's command; its output whether it succeeds or not. */
function publish(server, source, key = server.token) {
  const command = path.join(here, 'node_modules/publish-microfrontend/lib/index.js');
  return run('node', [command, '--source', source, '--url', `http://${server.admin}/api/v1/pilet`, '--api-key', key], { cwd: path.dirname(source) }).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, text: stdout + stderr }),
  );
}

async function berthOf(context) {
  const server = await Server.start(context);
  await server.stop();
  await server.restart(['--public-url', server.origin]);
  return server;
}

test('pilets of every format come from the feed into a Piral instance, and a swap follows in the open page', { timeout: 60_000 }, async (context) => {
  const server = await berthOf(context);
  const host = await hostOf(context, server.origin);
  for (const [kind, files] of Object.entries(mains)) {
    const { code, text } = await publish(server, await pack(context, `pilet-${kind}`, '1.0.0', files(`${kind} at 1.0.0`)));
    assert.equal(code, 0, text);
    assert.match(text, new RegExp(`pilet-${kind}@1\\.0\\.0 was published and is live`));
  }
  const visit = await Visit.open(await newContext(context), host);
  const tiles = visit.page.locator('.tile');
  const shows = (words) => tiles.filter({ hasText: words }).waitFor();
  for (const kind of Object.keys(mains)) await shows(`${kind} at 1.0.0`);
  await shows('told: v2 at 1.0.0');
  assert.equal(await tiles.first().evaluate((tile) => getComputedStyle(tile).color), 'rgb(0, 128, 0)', 'the style sheet of v3');
  await visit.page.waitForFunction(() => window.following);

  const next = await publish(server, await pack(context, 'pilet-v2', '1.1.0', mains.v2('v2 at 1.1.0')));
  assert.equal(next.code, 0, next.text);
  await shows('told: v2 at 1.1.0');
  await server.berth('rollback', 'pilet-v2');
  await shows('told: v2 at 1.0.0');
  assert.equal(await tiles.count(), Object.keys(mains).length, 'each pilet is there once');
  await visit.isClean();
});

test('what the command shows when a pilet is refused', { timeout: 60_000 }, async (context) => {
  const server = await berthOf(context);
  const first = await pack(context, 'pilet-told', '1.0.0', mains.v2('one'));
  assert.equal((await publish(server, first)).code, 0);
  const other = await publish(server, await pack(context, 'pilet-told', '1.0.0', mains.v2('another')));
  assert.equal(other.code, 1);
  assert.match(other.text, /already exists: version 1\.0\.0 of this module exists with other contents/);
  const stranger = await publish(server, first, `berth_${'A'.repeat(43)}`);
  assert.match(stranger.text, /status 401 .*the token is not known/);
  const none = await publish(server, await pack(context, 'pilet-none', '1.0.0', { 'index.js': 'export const a = 1;' }));
  assert.match(none.text, /status 400 .*the package is not a pilet: what was found is es-module/);
});
