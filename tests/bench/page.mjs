// How long until a page shows its text and is live, over a slow link, against nginx's chain.
//
//   node tests/bench/page.mjs [--rounds N] [--rate BITS] [--rtt MS] [--verbose]     (scripts/bench page; as root)
//
// The sample modules, header-app 1.0.0 and home-app 1.0.0. nginx serves them as a folder of files: home-app's own
// index.html → main → header-app's remoteEntry.js → chunks, plain and with `gzip on`.  Berth serves its composed
// page with both modules, with prerendered HTML and without. Server and Chromium are in two network namespaces
// with a link between them that delays and limits packets (link/link.c), so a connection costs its round trips.
//
// "text": the header's version is in the document. "home": so is home-app's heading. "live": both were mounted by
// their scripts. "paint": the first paint with content. All from the start of the navigation. "cold": a new
// profile. "repeat": the same profile after the browser was closed and opened again.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const BERTH = process.env.BERTH_BIN ?? path.join(root, 'build/release/server/berth');
const CHROMIUM = '/usr/bin/chromium';
const { chromium } = await import('../browser/support/playwright.mjs');

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const rounds = option('rounds', 5);
const rate = option('rate', 10_000_000);
const rtt = option('rtt', 100);
const verbose = process.argv.includes('--verbose');

const NAMESPACE = { server: `berth-s${process.pid}`, client: `berth-c${process.pid}` };
const ADDRESS = { server: '10.77.0.1', client: '10.77.0.2' };
// Chromium treats such a name as it treats https: all of its APIs and all codings.
const HOST = 'bench.localhost';

const sh = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const inside = (where, ...command) => ['ip', 'netns', 'exec', NAMESPACE[where], ...command];
const cleanups = [];
const work = mkdtempSync(path.join(os.tmpdir(), 'berth-bench-page-'));
cleanups.push(() => rmSync(work, { recursive: true, force: true, maxRetries: 5 }));

/** Starts a process, and stops it in the end. */
function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  cleanups.unshift(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return child;
}

async function firstLine(child, matches) {
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    const line = text.split('\n').find(matches);
    if (line) return child.stdout.resume() && line;
  }
  throw new Error(`it ended: ${text}`);
}

async function openLink() {
  const link = path.join(work, 'link');
  sh('cc', '-O2', '-D_GNU_SOURCE', '-o', link, path.join(here, 'link/link.c'));
  for (const name of Object.values(NAMESPACE)) {
    sh('ip', 'netns', 'add', name);
    cleanups.unshift(() => sh('ip', 'netns', 'del', name));
  }
  const child = start(link, [NAMESPACE.server, NAMESPACE.client, String(rtt / 2), String(rate)]);
  await firstLine(child, (line) => line === 'ready');
  for (const [here, there] of [['server', 'client'], ['client', 'server']]) {
    sh('ip', '-n', NAMESPACE[here], 'link', 'set', 'dev', 'lo', 'up');
    sh('ip', '-n', NAMESPACE[here], 'addr', 'add', ADDRESS[here], 'peer', ADDRESS[there], 'dev', 'slow0');
    sh('ip', '-n', NAMESPACE[here], 'link', 'set', 'dev', 'slow0', 'up');
  }
}

const dist = (module) => path.join(root, 'frontends', module, 'dist/1.0.0');

function nginxConfig(port, gzip) {
  return `worker_processes 1; daemon off; pid ${work}/nginx-${port}.pid; error_log ${work}/nginx-${port}.log;
events { worker_connections 256; }
http {
  include /etc/nginx/mime.types; access_log off; sendfile on; tcp_nopush on; keepalive_timeout 65;
  ${gzip ? 'gzip on; gzip_types text/css application/javascript image/svg+xml;' : 'gzip off;'}
  client_body_temp_path ${work}/t; proxy_temp_path ${work}/t; fastcgi_temp_path ${work}/t; uwsgi_temp_path ${work}/t; scgi_temp_path ${work}/t;
  server {
    listen ${ADDRESS.server}:${port}; root ${work}/www;
    add_header Cache-Control no-cache;
    location ~ "\\.[0-9a-f]{8}\\." { add_header Cache-Control "public, max-age=31536000, immutable"; }
  }
}
`;
}

async function startNginx(port, gzip) {
  const config = path.join(work, `nginx-${port}.conf`);
  writeFileSync(config, nginxConfig(port, gzip));
  if (verbose) console.log(nginxConfig(port, gzip));
  start(...shell(inside('server', '/usr/sbin/nginx', '-c', config)));
}

const shell = ([command, ...args]) => [command, args];

/** A bundle without its prerendered HTML. */
function plainBundle(module) {
  const folder = path.join(work, 'plain', module);
  cpSync(dist(module), folder, { recursive: true });
  rmSync(path.join(folder, 'prerendered'), { recursive: true, force: true });
  rmSync(path.join(folder, 'berth.json'), { force: true });
  return folder;
}

async function startBerth(port, bundleOf) {
  const data = path.join(work, `data-${port}`);
  const admin = `127.0.0.1:${port + 1}`;
  const child = start(...shell(inside('server', BERTH, 'serve', '--data', data, '--listen', `${ADDRESS.server}:${port}`, '--admin-listen', admin, '--console', 'off')));
  await firstLine(child, (line) => line.includes('"listener":"public"'));
  const token = readFileSync(path.join(data, 'admin.token'), 'utf8').trim();
  const env = { ...process.env, BERTH_SERVER: `http://${admin}`, BERTH_TOKEN: token };
  const berth = (...args) => {
    const [command, rest] = shell(inside('server', BERTH, ...args));
    return execFileSync(command, rest, { env, encoding: 'utf8' });
  };
  for (const module of ['header-app', 'home-app']) berth('push', `${module}@1.0.0`, bundleOf(module), '--activate');
  berth('page', 'put', path.join(root, 'manifests/front.json'));
  const script = `for (;;) {
    const answers = await Promise.all(['header-app', 'home-app'].map((module) => fetch('http://${admin}/api/modules/' + module + '/versions/1.0.0', { headers: { authorization: 'Bearer ${token}' } }).then((answer) => answer.json())));
    if (answers.every(({ compression }) => compression === undefined || compression === 'best')) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }`;
  const [command, rest] = shell(inside('server', process.execPath, '--input-type=module', '-e', script));
  execFileSync(command, rest, { stdio: 'inherit' });
}

/** Runs in the page before anything of it. */
function watch() {
  const seen = (window.__times = {});
  const mark = (name, selector, live) => {
    if (seen[name] !== undefined) return;
    const found = [...document.querySelectorAll(selector)].some((element) => element.textContent && (!live || !element.closest('[data-berth-prerendered]')) && element.getClientRects().length);
    if (found) seen[name] = performance.now();
  };
  const look = () => {
    mark('text', '[data-testid=header-version]');
    mark('home', '[data-testid=content]');
    mark('liveHeader', '[data-testid=header-version]', true);
    mark('liveHome', '[data-testid=content]', true);
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
}

const encodingOf = (headers) => Object.entries(headers).find(([name]) => /^content-encoding$/i.test(name))?.[1] ?? 'plain';

let wrapper;
async function visit(profile, url) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: wrapper,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', `--host-resolver-rules=MAP ${HOST} ${ADDRESS.server}`],
    env: { ...process.env, HOME: profile },
  });
  try {
    const page = await context.newPage();
    await page.goto('about:blank');
    await page.addInitScript(watch);
    const session = await context.newCDPSession(page);
    const network = { requests: 0, bytes: 0, cached: 0, notModified: 0 };
    const fromCache = new Set();
    session.on('Network.requestServedFromCache', ({ requestId }) => fromCache.add(requestId));
    session.on('Network.responseReceived', ({ requestId, response, type }) => {
      if (type === 'EventSource' || response.url.startsWith('data:')) return;
      if (response.fromDiskCache || fromCache.has(requestId)) network.cached++;
      else network.requests++;
      if (verbose) console.log(`    ${response.status} ${response.url} ${Math.round(response.timing?.receiveHeadersEnd ?? 0)} ms, ${response.fromDiskCache || fromCache.has(requestId) ? 'cache' : encodingOf(response.headers)}`);
    });
    session.on('Network.responseReceivedExtraInfo', ({ statusCode }) => (network.notModified += statusCode === 304));
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      if (!fromCache.has(requestId)) network.bytes += encodedDataLength;
    });
    await session.send('Network.enable');
    await page.goto(url, { waitUntil: 'commit' });
    await page.waitForFunction(() => window.__times?.liveHeader && window.__times?.liveHome, undefined, { timeout: 30_000, polling: 50 });
    await page.waitForLoadState('load');
    const times = await page.evaluate(() => ({ ...window.__times, paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime }));
    return { text: times.text, home: times.home, live: Math.max(times.liveHeader, times.liveHome), paint: times.paint, ...network };
  } finally {
    await context.close();
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function table(title, results, base) {
  const columns = ['text', 'home', 'paint', 'live', 'requests', 'cached', 'notModified', 'bytes'];
  console.log(`\n${title} (medians of ${rounds}; ms; in brackets: of nginx's plain chain)`);
  console.log(['', ...columns].map((text, i) => text.padEnd(i ? 15 : 30)).join(''));
  for (const [name, visits] of Object.entries(results)) {
    const cells = columns.map((column) => {
      const value = median(visits.map((one) => one[column] ?? NaN));
      const of = median(results[base].map((one) => one[column] ?? NaN));
      const shown = Number.isFinite(value) ? String(Math.round(value)) : '-';
      return ['text', 'home', 'live', 'paint'].includes(column) && name !== base ? `${shown} (${(value / of).toFixed(2)})` : shown;
    });
    console.log([name.padEnd(30), ...cells.map((text) => text.padEnd(15))].join(''));
  }
}

async function main() {
  if (process.getuid() !== 0) throw new Error('network namespaces need root: run it as root');
  wrapper = path.join(work, 'chromium');
  writeFileSync(wrapper, `#!/bin/sh\nexec ${inside('client', CHROMIUM).join(' ')} "$@"\n`);
  chmodSync(wrapper, 0o755);
  mkdirSync(path.join(work, 'www/m'), { recursive: true });
  mkdirSync(path.join(work, 't'));
  cpSync(dist('home-app'), path.join(work, 'www'), { recursive: true });
  cpSync(dist('header-app'), path.join(work, 'www/m/header-app'), { recursive: true });
  sh('chmod', '-R', 'a+rX', work);
  await openLink();
  await startNginx(8000, false);
  await startNginx(8010, true);
  await startBerth(8020, dist);
  await startBerth(8030, plainBundle);

  const url = (port) => `http://${HOST}:${port}/`;
  const ways = { 'nginx, chain': url(8000), 'nginx, chain, gzip on': url(8010), 'berth, prerendered': url(8020), berth: url(8030) };
  const cold = {}, repeat = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, address] of Object.entries(ways)) {
      if (verbose) console.log(`  ${name}, round ${round + 1}`);
      const profile = path.join(work, `profile-${round}-${Object.keys(ways).indexOf(name)}`);
      (cold[name] ??= []).push(await visit(profile, address));
      (repeat[name] ??= []).push(await visit(profile, address));
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  console.log(`${os.cpus()[0].model}, ${os.cpus().length} cores, Linux ${os.release()}; ${sh(CHROMIUM, '--version').trim()}; ${execFileSync('sh', ['-c', '/usr/sbin/nginx -v 2>&1'], { encoding: 'utf8' }).trim()}; ${sh(BERTH, '--version').trim()}`);
  console.log(`link: ${rtt} ms round trip, ${rate / 1e6} Mbit/s each way`);
  table('cold', cold, 'nginx, chain');
  table('repeat', repeat, 'nginx, chain');
}

try {
  await main();
} finally {
  for (const clean of cleanups) await clean();
}
