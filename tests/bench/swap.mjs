// How long from the request that activates a version until the page shows its text.
//
//   node tests/bench/swap.mjs [--rounds N] [--pages N]        (scripts/bench swap)
//
// One open composed page in Chromium, the real server, header-app under versions whose text differs. The time
// runs from before the PUT of /api/modules/header-app/live is sent until the page's DOM has the new text; both
// clocks are the machine's. The PUT goes over a kept connection by node:http: what a client's library costs is not
// the server's. "cold": a version that the page never loaded, with its own URLs. "warm": one that it loaded before. "staged": one that it was asked to load ahead (POST …/stage). The emulated latency is Chromium's (Network.emulateNetworkConditions), for each request.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
process.env.BERTH_BIN ??= path.join(root, 'build/release/server/berth');
const { option, request } = await import('./support/common.mjs');
const { printPages } = await import('./support/swap-pages.mjs');
const { Server } = await import('../browser/support/server.mjs');
const { chromium } = await import('../browser/support/playwright.mjs');

const rounds = option('--rounds', 30);
/** Activations with many pages; 0: that part is left out. */
const pageRounds = option('--pages', 20);
const cleanups = [];
const context = { after: (what) => cleanups.unshift(what) };

/** header-app 1.1.0 with another version in its texts: the same code under URLs of its own. */
function variant(version, work) {
  const folder = path.join(work, version);
  cpSync(path.join(root, 'frontends/header-app/dist/1.1.0'), folder, { recursive: true });
  for (const name of readdirSync(folder).filter((file) => /\.js$/.test(file))) {
    const file = path.join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('1.1.0', version));
  }
  return folder;
}

function quantiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  return { p50: at(0.5), p95: at(0.95) };
}

const agent = new http.Agent({ keepAlive: true });
cleanups.push(() => agent.destroy());

async function makeLive(server, version) {
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
  const target = '/api/modules/header-app/live';
  const answer = await request(agent, server.admin, { method: 'PUT', path: target, headers, body: Buffer.from(JSON.stringify({ version })) });
  if (answer.status !== 200) throw new Error(`PUT ${target}: ${answer.status} ${answer.body}`);
}

async function activate(server, page, version) {
  const shown = page.evaluate(
    (wanted) =>
      new Promise((resolve) => {
        const now = () => performance.timeOrigin + performance.now();
        const look = () => document.querySelector('[data-testid=header-version]')?.textContent === `Version ${wanted}`;
        if (look()) return resolve(now());
        const observer = new MutationObserver(() => {
          if (!look()) return;
          observer.disconnect();
          resolve(now());
        });
        observer.observe(document.body, { childList: true, subtree: true, characterData: true });
      }),
    version,
  );
  // The observer is in place once the page has answered something asked after it.
  await page.evaluate(() => 0);
  const start = performance.timeOrigin + performance.now();
  await makeLive(server, version);
  return (await shown) - start;
}

/** Asks open pages to load a version, and waits until this one has. */
async function stage(server, page, version) {
  const answer = await fetch(`http://${server.admin}/api/modules/header-app/stage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ version }),
  });
  if (!answer.ok) throw new Error(`stage: ${answer.status}`);
  // Its entry, and the script and the style sheet of its header; then a moment to run.
  const there = (base) => performance.getEntriesByType('resource').filter(({ name }) => name.includes(base)).length >= 3;
  await page.waitForFunction(there, `/m/header-app@${version}/`);
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
}

async function measure(browser, server, versions, latency_ms) {
  const tab = await browser.newContext();
  const page = await tab.newPage();
  const devtools = await tab.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: latency_ms, downloadThroughput: -1, uploadThroughput: -1 });
  await makeLive(server, '1.0.0');
  await page.goto(server.origin);
  await page.waitForSelector('[data-testid=header]');
  await page.waitForFunction(() => performance.getEntriesByName(new URL('/manifests/remotes.json', location).href).length > 0);
  await page.evaluate(() => performance.setResourceTimingBufferSize(100_000));
  const cold = [], staged = [], warm = [];
  for (const [i, version] of versions.entries()) {
    if (i % 2) await stage(server, page, version);
    (i % 2 ? staged : cold).push(await activate(server, page, version));
  }
  // The two newest: a page keeps what it showed last.
  for (let i = 0; i < versions.length; i++) warm.push(await activate(server, page, versions.at(-2 + (i % 2))));
  await tab.close();
  return { cold: quantiles(cold), staged: quantiles(staged), warm: quantiles(warm) };
}

const work = mkdtempSync(path.join(os.tmpdir(), 'berth-bench-'));
cleanups.push(() => rmSync(work, { recursive: true, force: true }));
const server = await Server.withSamples(context);
const versions = Array.from({ length: 2 * rounds }, (_, i) => `1.1.${i + 1}`);
for (const version of versions) await server.berth('push', `header-app@${version}`, variant(version, work));

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
cleanups.push(() => browser.close());

const cpu = os.cpus()[0].model;
console.log(`machine   ${os.cpus().length} × ${cpu}, ${os.type()} ${os.release()}`);
console.log(`versions  ${execFileSync(process.env.BERTH_BIN, ['--version'], { encoding: 'utf8' }).trim()}, Chromium ${browser.version()}, node ${process.version}`);
for (const name of ['shell.js', 'live.js']) {
  const file = path.join(root, 'frontends/shell/dist', name);
  console.log(`${name.padEnd(9)} ${statSync(file).size} bytes, ${brotliCompressSync(readFileSync(file)).length} brotli`);
}
console.log(`\nactivation to visible text, ms, ${rounds} swaps each\n`);
const columns = ['cold', 'staged', 'warm'].flatMap((name) => [`${name} p50`, `${name} p95`]);
console.log(' '.repeat(22) + columns.map((name) => name.padStart(12)).join(''));
for (const latency_ms of [0, 80]) {
  const figures = await measure(browser, server, versions, latency_ms);
  const cells = [figures.cold, figures.staged, figures.warm].flatMap(({ p50, p95 }) => [p50, p95]);
  console.log(`${(latency_ms ? `${latency_ms} ms emulated latency` : 'loopback').padEnd(22)}${cells.map((ms) => ms.toFixed(1).padStart(12)).join('')}`);
}
for (const cleanup of cleanups.reverse()) await cleanup();
if (pageRounds) await printPages(pageRounds);
