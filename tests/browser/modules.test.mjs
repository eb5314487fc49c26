// ES modules that fail under an open page, each in one way. Browsers remember for the life of a page that a module
// failed, so the next try has to have another URL: /m/part-app@2.0.0~1/…
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { newContext, Visit } from './support/browser.mjs';
import { Server } from './support/server.mjs';

const MODULE = 'part-app';

/** A module of three files, with what this release does otherwise put in. */
const files = (version, { start = '', mounting = '', mounted = '', exports = 'mount', file = 'part.js', berth } = {}) => ({
  'index.js': `import { text } from './part.js';
    ${start}
    const styled = (name) => new Promise((resolve, reject) => {
      const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: new URL(name, import.meta.url).href });
      link.onload = resolve;
      link.onerror = () => reject(new Error(name + ' did not come'));
      document.head.append(link);
    });
    async function mount(element) {
      await styled('part.css');
      ${mounting}
      element.innerHTML = '<button class="part">' + text + '</button>';
      const button = element.firstChild;
      ${mounted}
      return { unmount: () => button.remove() };
    }
    export { ${exports} };`,
  [file]: `export const text = 'part ${version}';`,
  'part.css': `.part { order: ${version.replaceAll('.', '')}; }`,
  ...(berth ? { 'berth.json': JSON.stringify(berth) } : {}),
});

const notFound = { status: 404, contentType: 'application/problem+json', body: '{}' };
const html = { status: 200, contentType: 'text/html', headers: { 'x-content-type-options': 'nosniff' }, body: '<!doctype html><p>Sign in to the network</p>' };
const once = (answer) => (route) => (answer ? route.fulfill(answer) : route.abort());
const file = (name, answer) => ({ name, answer: once(answer) });

/** `network`: a file that does not come, whatever was uploaded. `final`: it has failed on the page, and is not tried again. */
const NEVER_SEEN = [
  { does: 'has an entry that is not found', network: file('index.js', notFound), phase: 'fetching', message: /dynamically imported module/ },
  { does: 'has HTML for an entry', network: file('index.js', html), phase: 'fetching', message: /dynamically imported module/ },
  { does: 'is cut off from the page', network: file('index.js'), phase: 'fetching', message: /dynamically imported module/ },
  { does: 'imports a file that is not found', network: file('part.js', notFound), phase: 'fetching', message: /dynamically imported module/ },
  { does: 'imports a file that was not uploaded', release: { file: 'other.js' }, phase: 'fetching', message: /dynamically imported module/ },
  { does: 'is not JavaScript', release: { start: '}{' }, phase: 'evaluating', message: /Unexpected token/ },
  { does: 'throws at evaluation', release: { start: `throw new Error('no evaluation today');` }, phase: 'evaluating', message: /no evaluation today/ },
  { does: 'imports a name that is not exported', release: { start: `import { gone } from './part.js';` }, phase: 'evaluating', message: /gone/ },
  { does: 'exports nothing that can be mounted', release: { exports: 'mount as render' }, phase: 'preparing', message: /nothing that can be mounted/ },
  { does: 'does not expose what is in use', release: { berth: { exposes: { './Other': 'index.js' } } }, phase: 'exposing', message: /not exposed/ },
  { does: 'does not find its style sheet', network: file('part.css', notFound), phase: 'mounting', message: /part.css did not come/, final: true },
  { does: 'throws at its mount', release: { mounting: `throw new Error('no mount today');` }, phase: 'mounting', message: /no mount today/ },
];

const LEFT_AGAIN = [
  { does: 'throws in timers some time later', release: { mounted: `for (const ms of [50, 100]) setTimeout(() => { throw new Error('late trouble'); }, ms);` }, message: /late trouble/ },
  { does: 'throws in two handlers', release: { mounted: `button.onclick = () => { throw new Error('no clicks today'); };` }, clicks: 2, message: /no clicks today/ },
  { does: 'rejects twice', release: { mounted: `button.onclick = async () => { throw new Error('no promises today'); };` }, clicks: 2, message: /no promises today/ },
];

const versionOf = (fault) => `2.0.${[...NEVER_SEEN, ...LEFT_AGAIN].indexOf(fault)}`;

/** One server for all: each fault is a version of its own. */
async function published(all) {
  const server = await Server.start(all);
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-modules-'));
  all.after(() => rm(folder, { recursive: true }));
  const push = async (version, content) => {
    const at = await mkdtemp(path.join(folder, 'release-'));
    for (const [name, text] of Object.entries(content)) await writeFile(path.join(at, name), text);
    await server.berth('push', `${MODULE}@${version}`, at);
  };
  // One of them breaks what it is known to break.
  const live = (version) => server.put(`/api/modules/${MODULE}/live`, { version, force: true, reason: 'to see it fail' });
  for (const version of ['1.0.0', '1.1.0']) await push(version, files(version));
  await live('1.0.0');
  await server.put('/api/pages/part', { path: '/', title: 'part', slots: [{ name: 'part', module: MODULE, expose: '.', fallback: '<p>The part is on its way.</p>' }] });
  return { server, push, live };
}

/** The open page: what it shows, and all that it has shown. */
class Part extends Visit {
  async watch() {
    await this.page.evaluate(() => {
      const seen = (window.parts = []);
      const look = () => {
        const text = document.querySelector('[data-berth-slot=part]').innerText;
        if (seen.at(-1) !== text) seen.push(text);
        requestAnimationFrame(look);
      };
      look();
    });
  }

  shows(version) {
    const is = (text) => {
      const parts = document.querySelectorAll('.part');
      return parts.length === 1 && parts[0].innerText === text && parts[0].getClientRects().length > 0;
    };
    return this.page.waitForFunction(is, `part ${version}`).catch((error) => {
      throw new Error(`part ${version} did not come; problems: ${this.problems.join('; ') || 'none'}`, { cause: error });
    });
  }

  seen() {
    return this.page.evaluate(async () => {
      for (let i = 0; i < 2; i++) await new Promise((resolve) => requestAnimationFrame(resolve)); // what is on its way too
      return window.parts;
    });
  }

  order() {
    return this.page.evaluate(() => getComputedStyle(document.querySelector('.part')).order);
  }
}

async function visited({ server, live }, browser) {
  await live('1.0.0');
  const visit = await Part.open(browser, server.origin);
  await visit.shows('1.0.0');
  await visit.asks('/events');
  await visit.watch();
  return visit;
}

const failed = ({ server }, version) => server.logged(`a failure of ${version}`, (line) => line.event === 'report' && line.version === version && line.keep === '1.0.0');
const asked = (visit, version, epoch) => visit.requested.filter((url) => url.startsWith(`/m/${MODULE}@${version}${epoch}/`));

test('ES modules', async (all) => {
  const site = await published(all);

  for (const fault of NEVER_SEEN) {
    const { does, release, network, phase, message, final } = fault;
    const version = versionOf(fault);
    const comes = network && !final;
    await all.test(`one that ${does} is never seen${comes ? ', until the network is well again' : ''}`, { timeout: 30_000 }, async (context) => {
      await site.push(version, files(version, release));
      const browser = await newContext(context);
      if (network) await browser.route(`**/m/${MODULE}@${version}*/${network.name}`, network.answer);
      const visit = await visited(site, browser);
      await site.live(version);
      const report = await failed(site, version);
      assert.deepEqual([report.kind, report.phase], ['swap-failed', phase]);
      assert.match(report.message, message);
      await visit.shows('1.0.0');
      assert.equal(await visit.order(), '100', 'with its own style sheet alone');
      assert.deepEqual(await visit.seen(), ['part 1.0.0']);

      if (network) await browser.unroute(`**/m/${MODULE}@${version}*/${network.name}`);
      if (comes) {
        await visit.shows(version);
        const last = Math.max(...visit.requested.map((url) => Number(/~(\d+)\/index\.js$/.exec(url)?.[1] ?? 0)));
        assert.ok(last > 0, 'under a URL that the browser does not remember');
        assert.deepEqual(asked(visit, version, `~${last}`).sort(), ['index.js', 'part.css', 'part.js'].map((name) => `/m/${MODULE}@${version}~${last}/${name}`));
      }
      await site.live('1.1.0');
      await visit.shows('1.1.0');
      assert.equal(await visit.order(), '110');
      assert.deepEqual(await visit.seen(), ['part 1.0.0', ...(comes ? [`part ${version}`] : []), 'part 1.1.0']);
      assert.deepEqual(await visit.violations(), []);
      await visit.kept();
    });
  }

  for (const fault of LEFT_AGAIN) {
    const { does, release, clicks = 0, message } = fault;
    const version = versionOf(fault);
    await all.test(`one that ${does} is left again`, { timeout: 30_000 }, async (context) => {
      await site.push(version, files(version, release));
      const visit = await visited(site, await newContext(context));
      await site.live(version);
      if (clicks) await visit.shows(version);
      for (let i = 0; i < clicks; i++) await visit.page.click('.part');
      const report = await failed(site, version);
      assert.deepEqual([report.kind, report.phase], ['runtime-failure', 'running']);
      assert.match(report.message, message);
      await visit.shows('1.0.0');
      assert.equal(await visit.order(), '100');
      assert.deepEqual(await visit.seen(), ['part 1.0.0', `part ${version}`, 'part 1.0.0']);
      await site.live('1.1.0');
      await visit.shows('1.1.0');
      await visit.kept();
    });
  }

  await all.test('one that threw once is evaluated anew when it is activated again', { timeout: 30_000 }, async (context) => {
    const version = '3.0.0';
    await site.push(version, files(version, { start: `globalThis.tries = (globalThis.tries ?? 0) + 1; if (tries === 1) throw new Error('not yet');` }));
    const visit = await visited(site, await newContext(context));
    await site.live(version);
    await failed(site, version);
    await site.live('1.0.0');
    await site.live(version);
    await visit.shows(version);
    assert.equal(asked(visit, version, '~1').length, 3);
    assert.deepEqual(await visit.seen(), ['part 1.0.0', `part ${version}`]);
    await visit.kept();
  });

  await all.test('one that never answers is given up, and is taken when it does answer', { timeout: 30_000 }, async (context) => {
    const version = '3.1.0';
    await site.push(version, files(version));
    const browser = await newContext(context);
    const held = new Promise((resolve) => void browser.route(`**/m/${MODULE}@${version}/index.js`, resolve, { times: 1 }));
    // The server has no option for it: a page waits for 15 s.
    await browser.route(`${site.server.origin}/`, async (route) => {
      const response = await route.fetch();
      const text = await response.text();
      const body = text.replace(/(<script[^>]*id="berth-state"[^>]*>\s*\{)/, '$1"settings":{"stage_ms":300},');
      assert.notEqual(body, text);
      await route.fulfill({ response, body });
    });
    const visit = await visited(site, browser);
    await site.live(version);
    const report = await failed(site, version);
    assert.deepEqual([report.kind, report.phase, report.message], ['swap-failed', 'waiting', 'not ready after 0.3 s']);
    assert.deepEqual(await visit.seen(), ['part 1.0.0']);
    await (await held).continue();
    await visit.shows(version);
    assert.deepEqual(await visit.seen(), ['part 1.0.0', `part ${version}`]);
    await visit.kept();
  });
});
