// What is uploaded must not act as the site: files of a module are opened as pages, in frames and as objects.
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Visit, newContext } from './support/browser.mjs';
import { header } from './support/bundles.mjs';
import { Server } from './support/server.mjs';

/** Leaves a trace wherever the origin of the site would let it. */
const script = (name) => `
  try { localStorage.setItem('ran', '${name}') } catch {}
  try { document.cookie = 'ran=${name}' } catch {}
  try { new BroadcastChannel('ran').postMessage('${name}') } catch {}
  try { parent.ran = '${name}' } catch {}
  try { parent.postMessage('ran ${name}', '*') } catch {}
`;
const svg = (name) => `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="ran()"><script><![CDATA[${script(name)}]]></script><rect width="9" height="9"/></svg>`;
const xhtml = (name) => `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body><script><![CDATA[${script(name)}]]></script></body></html>`;
const html = (name) => `<!doctype html><title>t</title><body><script>${script(name)}</script>`;

/** Names by which a browser might take a file for a document that runs scripts. */
const FILES = {
  'evil.html': html,
  'evil.htm': html,
  'loud.HTML': html,
  'evil.xhtml': xhtml,
  'evil.xht': xhtml,
  'evil.shtml': html,
  'evil.svg': svg,
  'evil.svgz': svg,
  'evil.xml': xhtml,
  'evil.xsl': xhtml,
  'evil.rss': xhtml,
  'evil.atom': xhtml,
  'evil.mathml': xhtml,
  'evil.txt': html,
  'evil.json': html,
  'evil.vtt': html,
  'evil.md': html,
  evil: html,
};

async function published(context) {
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-evil-'));
  context.after(() => rm(folder, { recursive: true }));
  await cp(header['1.0.0'], folder, { recursive: true });
  for (const [name, content] of Object.entries(FILES)) await writeFile(path.join(folder, name), content(name));
  const server = await Server.withSamples(context);
  await server.activate('header-app', '1.9.0', folder);
  return server;
}

const urls = () => Object.keys(FILES).map((name) => `/m/header-app@1.9.0/${name}`);
const OTHER_WAYS = ['/m/header-app@1.9.0~3/evil.html', '/m/header-app@1.9.0~3/evil.svg', '/m/header-app/evil.html', '/m/header-app/evil.svg'];

/** What Chromium makes a document of that runs scripts. */
const ACTIVE = ['text/html', 'application/xhtml+xml', 'image/svg+xml', 'application/xml', 'text/xml'];
const SANDBOX = /(^|; *)sandbox *(;|$)/;

/** What scripts left behind where only the site's origin reaches. */
class Witness {
  static async open(browser, server) {
    const witness = new Witness();
    witness.browser = browser;
    witness.server = server;
    // A page of the site; home-app's own has the same policy and no shell.
    const { page } = await Visit.open(browser, `${server.origin}/home`);
    witness.page = page;
    await page.evaluate(() => {
      window.told = [];
      new BroadcastChannel('ran').onmessage = ({ data }) => window.told.push(data);
      addEventListener('message', ({ data }) => window.told.push(data));
    });
    return witness;
  }

  async traces() {
    return this.page.evaluate(() => [localStorage.getItem('ran'), document.cookie, window.ran, ...window.told].filter(Boolean));
  }

  async inFrame(url) {
    const show = (src) =>
      new Promise((resolve, reject) => {
        const frame = Object.assign(document.createElement('iframe'), { src });
        const end = () => resolve(frame.remove());
        frame.onload = end;
        document.body.append(frame);
        // A frame whose answer becomes a download never loads.
        fetch(src).then((answer) => answer.headers.get('content-type') === 'application/octet-stream' && end(), reject);
      });
    await this.page.evaluate(show, url);
    return this.traces();
  }

  async inTab(url) {
    const tab = await this.browser.newPage();
    await tab.goto(this.server.origin + url).catch((error) => {
      if (!/ERR_ABORTED|Download is starting/.test(error.message)) throw error;
    });
    await tab.close();
    return this.traces();
  }
}

test('no uploaded file runs a script with the origin of the site', { timeout: 60_000 }, async (context) => {
  const server = await published(context);
  const browser = await newContext(context, { acceptDownloads: false });
  const witness = await Witness.open(browser, server);
  for (const url of [...urls(), ...OTHER_WAYS]) {
    assert.deepEqual(await witness.inFrame(url), [], `${url} ran in a frame`);
    assert.deepEqual(await witness.inTab(url), [], `${url} ran as a page`);
  }
});

test('the files of that test would run if nothing held them', { timeout: 30_000 }, async (context) => {
  const server = await published(context);
  for (const [name, contentType, way] of [
    ['evil.html', 'text/html', 'inFrame'],
    ['evil.svg', 'image/svg+xml', 'inTab'],
    ['evil.xml', 'application/xml', 'inFrame'],
  ]) {
    const browser = await newContext(context);
    await browser.route(`**/${name}`, (route) => route.fulfill({ contentType, body: FILES[name](name) }));
    const witness = await Witness.open(browser, server);
    assert.notDeepEqual(await witness[way](`/m/header-app@1.9.0/${name}`), [], name);
  }
});

test('documents that can hold scripts are sandboxed, and no type is guessed', { timeout: 30_000 }, async (context) => {
  const server = await published(context);
  for (const url of [...urls(), ...OTHER_WAYS]) {
    const answer = await fetch(server.origin + url);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    const type = answer.headers.get('content-type').split(';')[0];
    if (ACTIVE.includes(type)) assert.match(answer.headers.get('content-security-policy') ?? '', SANDBOX, `${url} is ${type}`);
  }
});

// Chromium shows RSS and Atom as text. An engine that takes every +xml type for XML would run their scripts.
test('every XML type is sandboxed', { timeout: 30_000 }, async (context) => {
  const server = await published(context);
  for (const url of urls()) {
    const answer = await fetch(server.origin + url);
    const type = answer.headers.get('content-type').split(';')[0];
    if (type.endsWith('+xml')) assert.match(answer.headers.get('content-security-policy') ?? '', SANDBOX, `${url} is ${type}`);
  }
});

test('handlers in markup that a module adds do not run', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const visit = await Visit.open(await newContext(context), server.origin);
  await visit.showsHeader('1.0.0');
  await visit.page.evaluate(() => {
    const holder = document.createElement('div');
    holder.innerHTML = '<img src="data:image/png,no" onerror="window.ran = 1"><svg onload="window.ran = 2"></svg>';
    // Handlers in markup would have run by the time that this one does.
    holder.firstChild.addEventListener('error', () => (window.imageFailed = true));
    document.body.append(holder);
  });
  // Older releases of Chromium tell of equal violations once.
  await visit.page.waitForFunction(() => window.imageFailed && window.__seen.violations.length >= 1);
  assert.equal(await visit.page.evaluate(() => window.ran), undefined);
});

test('the policy of a composed page has nothing unsafe in it, and it holds', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const policy = (await fetch(server.origin)).headers.get('content-security-policy');
  assert.doesNotMatch(policy, /unsafe-/);
  for (const directive of ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'self'"]) assert.ok(policy.includes(directive), directive);
  const visit = await Visit.open(await newContext(context), server.origin);
  await visit.showsHeader('1.0.0');
  await visit.page.evaluate(() => {
    const script = document.createElement('script');
    script.nonce = document.querySelector('script[nonce]').nonce; // as a script of the page has it
    // Later: what the test itself evaluates may do so.
    script.textContent = "setTimeout(() => { try { eval('window.ran = 1') } catch (error) { window.refused = error.name } })";
    document.head.append(script);
  });
  await visit.page.waitForFunction(() => window.ran ?? window.refused);
  assert.deepEqual(await visit.page.evaluate(() => [window.ran, window.refused]), [undefined, 'EvalError']);
});
