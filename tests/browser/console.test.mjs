// The console in Chromium, as a person uses it: log in, look, upload, activate, see the page change, roll back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual, promisify } from 'node:util';
import { Visit, newContext } from './support/browser.mjs';
import { header, home, output } from './support/bundles.mjs';
import { Desk } from './support/console.mjs';
import { Server } from './support/server.mjs';

/** Drags a file or a folder of the disk to an element and lets it go there. */
async function drag(browser, page, target, file) {
  const { x, y, width, height } = await target.boundingBox();
  const session = await browser.newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await session.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data: { items: [], files: [file], dragOperationsMask: 1 } });
  }
  await session.detach();
}

test('a person uploads a folder, makes it live, sees the open page change, and rolls back', { timeout: 60_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const browser = await newContext(context, { viewport: { width: 1280, height: 800 } });
  const shop = await Visit.open(browser, server.origin);
  await shop.showsHeader('1.0.0');
  const desk = await Desk.open(context, server, { context: browser });
  const { page } = desk;

  await page.getByRole('link', { name: 'header-app' }).click();
  await page.getByRole('link', { name: 'Upload a version' }).click();
  await drag(browser, page, page.locator('.drop'), header['1.1.0']);
  await page.getByText(/^\d+ files, /).waitFor();
  assert.equal(await page.getByLabel('Module', { exact: true }).inputValue(), 'header-app');
  await page.getByLabel('Version').fill('1.1.0');
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByText('stored').waitFor();
  await shop.showsHeader('1.0.0');

  // Two clicks, the second with a reason.
  await page.getByRole('link', { name: 'Look at it and activate' }).click();
  await page.getByRole('button', { name: 'Activate…' }).click();
  await page.getByText('Nothing that is live breaks').last().waitFor();
  await page.getByLabel('Reason').fill('the details open');
  await page.getByRole('button', { name: 'Activate 1.1.0' }).click();
  await shop.showsHeader('1.1.0');
  await page.getByText('header-app 1.1.0 is live').waitFor();

  await page.getByRole('link', { name: 'header-app', exact: true }).click();
  await page.getByText('the details open').first().waitFor();
  await page.getByRole('button', { name: 'Roll back to 1.0.0…' }).click();
  await page.getByLabel('Reason').fill('too bright');
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back to 1.0.0' }).click();
  await shop.showsHeader('1.0.0');
  await shop.kept();

  await desk.goto('#/activity');
  await page.getByText('too bright').waitFor();
  await shop.isClean();
  await desk.isClean();
});

test('what others do is shown as it happens, without a look again', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const desk = await Desk.open(context, server);
  const row = desk.page.getByRole('row', { name: /header-app/ });
  await row.getByText('1.0.0').waitFor();
  await desk.page.locator('.connection.live').waitFor();
  const before = desk.visit.requested.filter((path) => path === '/api/modules').length;
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  await row.getByText('1.1.0').waitFor();
  const after = desk.visit.requested.filter((path) => path === '/api/modules').length;
  assert.ok(after > before);
  await desk.isClean();
});

test('an archive with a bad member is refused with the member and the rule', { timeout: 30_000 }, async (context) => {
  const server = await Server.start(context);
  const desk = await Desk.open(context, server);
  const { page } = desk;
  await desk.goto('#/upload');
  // An archive of one file whose name leads out of the folder.
  const block = Buffer.alloc(512);
  block.write('../evil.js');
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write('00000000000\0', 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0`, 148);
  await page.getByLabel('Archive').setInputFiles({ name: 'shop-cart-2.0.0.tar', mimeType: 'application/x-tar', buffer: Buffer.concat([block, Buffer.alloc(1024)]) });
  assert.equal(await page.getByLabel('Version').inputValue(), '2.0.0');
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  const problem = page.getByRole('alert');
  await problem.getByText('../evil.js').waitFor();
  assert.match(await problem.innerText(), /Rule\s+path-/);
  await desk.isAccessible('an upload that was refused');
});

test('a version that breaks what is live is activated only with a reason', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  await server.put('/api/pages/front', { path: '/', title: 'Berth', slots: [{ name: 'header', module: 'header-app', expose: './Header' }] });
  const folder = await emptyModule(context);
  await server.berth('push', 'header-app@3.0.0', folder);
  const desk = await Desk.open(context, server);
  const { page } = desk;
  await desk.goto('#/modules/header-app/3.0.0');
  await page.getByText('breaks').first().waitFor();
  await page.getByRole('button', { name: 'Activate…' }).click();
  const act = page.getByRole('button', { name: 'Activate 3.0.0 all the same' });
  await act.waitFor();
  assert.equal(await act.isDisabled(), true);
  await desk.isAccessible('an activation that breaks something');
  await page.getByLabel('Reason').fill('nobody needs the header');
  await act.click();
  await page.getByText('header-app 3.0.0 is live').waitFor();
  await desk.isClean();
});

async function emptyModule(context) {
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-console-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(path.join(folder, 'index.js'), 'export const other = 1;\n');
  await writeFile(path.join(folder, 'berth.json'), JSON.stringify({ entry: 'index.js', format: 'es-module', exposes: { './Other': 'index.js' } }));
  return folder;
}

test('an upload that breaks what is live is told with all that it breaks, and forced only with a reason', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const folder = await emptyModule(context);
  const desk = await Desk.open(context, server);
  const { page } = desk;
  await desk.goto('#/upload?module=header-app');
  await drag(page.context(), page, page.locator('.drop'), folder);
  await page.getByText(/^2 files, /).waitFor();
  await page.getByLabel('Version').fill('3.0.0');
  await page.getByLabel(/Make it live/).check();
  await page.getByRole('button', { name: 'Upload and make live', exact: true }).click();
  const problem = page.getByRole('alert');
  await problem.getByText('breaks').first().waitFor();
  assert.match(await problem.innerText(), /no longer exposes .\/Header[\s\S]*page front, slot header/);
  const force = page.getByRole('button', { name: 'Upload and make live all the same' });
  assert.equal(await force.isDisabled(), true);
  await desk.isAccessible('an upload that breaks something');
  // Another version is another upload: what was refused is not forced by mistake.
  await page.getByLabel('Version').fill('3.0.1');
  assert.equal(await force.count(), 0);
  await page.getByRole('button', { name: 'Upload and make live', exact: true }).click();
  await force.waitFor();
  await page.getByLabel('Reason').fill('nobody needs the header');
  await force.click();
  await page.getByText('header-app 3.0.1 is live').waitFor();
  await desk.goto('#/activity');
  await page.getByText('forced').first().waitFor();
});

test('where a module is open is counted by the pages that browsers listen from', { timeout: 60_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const desk = await Desk.open(context, server);
  const { page } = desk;
  const open = async (expected) => {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const told = (await (await fetch(`http://${server.admin}/api/reports`, { headers: { authorization: `Bearer ${server.token}` } })).json()).open;
      if (isDeepStrictEqual(told, expected)) break;
      assert.ok(Date.now() < deadline, `${JSON.stringify(told)} in place of ${JSON.stringify(expected)}`);
    }
    await page.reload();
    await desk.settled();
  };
  const browser = await newContext(context);
  const front = await Visit.open(browser, server.origin);
  await open({ pages: { '/': 1 }, modules: { 'header-app': 1, 'home-app': 1 } });
  // All tabs of a browser share a stream: that of the tab which came first.
  const second = await Visit.open(browser, `${server.origin}/home`);
  await second.page.getByTestId('header').waitFor();
  const other = await Visit.open(await newContext(context), `${server.origin}/`);
  await other.showsHeader('1.0.0');
  await open({ pages: { '/': 2 }, modules: { 'header-app': 2, 'home-app': 2 } });
  const row = page.getByRole('row', { name: /header-app/ });
  await row.getByText('2 browsers').waitFor();
  await page.getByLabel('Order').selectOption('open');
  assert.match(await page.locator('tbody tr').first().innerText(), /^h(ome|eader)-app/);
  await page.getByRole('link', { name: 'header-app' }).click();
  await page.locator('.hero-number').getByText('2 browsers').waitFor();
  await desk.goto('#/pages/front');
  await page.getByText('open in 2 browsers').waitFor();
  await desk.isAccessible('a page that is open');
  // The tab that listens goes, and the next one takes over, with its own page: a document that takes the header.
  await front.page.close();
  await open({ pages: { '/': 1, '/home': 1 }, modules: { 'header-app': 2, 'home-app': 2 } });
  await second.page.close();
  await other.page.close();
  await open({ pages: {}, modules: {} });
});

test('one who is logged out is told why, and comes back to where he was', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const api = (method, path, body) =>
    fetch(`http://${server.admin}${path}`, { method, headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) });
  const issued = await (await api('POST', '/api/tokens', { name: 'short', module: '*', can: ['read'] })).json();
  const desk = await Desk.open(context, server, { token: issued.token });
  const { page } = desk;
  await desk.goto('#/modules/header-app');
  // What this token may not is not offered.
  assert.equal(await page.getByRole('button', { name: /Activate|Roll back|Delete/ }).count(), 0);
  assert.equal(await page.getByRole('link', { name: 'Upload a version' }).count(), 0);
  await api('DELETE', `/api/tokens/${issued.id}`);
  await server.berth('push', 'header-app@1.1.0', header['1.1.0'], '--activate'); // a change makes the console look
  await page.getByText('You were logged out').waitFor();
  await page.getByRole('alert').getByText('token-revoked').waitFor();
  await desk.isAccessible('a session that ended');
  await desk.login(server.token);
  await page.getByRole('heading', { name: 'header-app' }).waitFor();
  assert.equal(await page.getByText('You were logged out').count(), 0);
});

test('a server that is away is told of, and what it has is shown again when it is back', { timeout: 60_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const desk = await Desk.open(context, server);
  const { page } = desk;
  await page.getByRole('row', { name: /header-app/ }).waitFor();
  await page.locator('.connection.live').waitFor();
  await server.stop();
  await page.locator('.connection.away').waitFor();
  await page.getByRole('alert').getByText('the server did not answer').waitFor();
  // What was known stays.
  assert.equal(await page.getByRole('row', { name: /header-app/ }).count(), 1);
  await desk.isAccessible('a server that is away');
  await server.restart();
  await page.locator('.connection.live').waitFor();
  await page.waitForFunction(() => !document.querySelector('[role=alert]'));
});

test('old versions go by a rule, after one has seen which', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) await server.berth('push', `header-app@${version}`, header['1.1.0']);
  const desk = await Desk.open(context, server);
  const { page } = desk;
  await desk.goto('#/system');
  await page.getByLabel('Keep of each module the newest').fill('1');
  await page.getByLabel('and what is younger than, in days').fill('0');
  await page.getByRole('button', { name: 'See what would go' }).click();
  await page.getByText('2 versions would go').waitFor();
  await page.getByRole('link', { name: 'header-app@0.1.0' }).waitFor();
  await desk.isAccessible('what would go');
  await page.getByRole('button', { name: 'Delete 2 versions…' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('2 versions deleted').waitFor();
  await desk.goto('#/modules/header-app');
  await page.getByRole('heading', { name: '2 versions' }).waitFor();
  await page.getByRole('link', { name: '1.0.0' }).waitFor();
  await desk.isClean();
});

test('a certificate that ends soon is told under System, and limits by their names', { timeout: 30_000 }, async (context) => {
  const server = await Server.start(context);
  const desk = await Desk.open(context, server);
  const folder = await emptyModule(context);
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => path.join(folder, name));
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', certificate, '-days', '3', '-subj', '/CN=localhost']);
  await server.stop();
  await server.restart(['--tls-certificate', certificate, '--tls-key', key]);
  await desk.goto('#/system');
  const stat = desk.page.locator('.stat', { hasText: 'Certificate' });
  await stat.getByText('public: until').waitFor();
  assert.match(await stat.locator('.bad-text').innerText(), /^[23] days$/);
  // No limit is shown by the name that it has in JSON.
  const names = await desk.page.locator('.facts dt').allInnerTexts();
  assert.deepEqual(names.filter((name) => !name.includes(' ')), []);
  await desk.isAccessible('a certificate that ends soon');
});

test('a page is changed, checked while one writes, and taken back', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const desk = await Desk.open(context, server);
  const { page } = desk;
  await desk.goto('#/pages/front');
  const editor = page.getByLabel('Manifest');
  const manifest = JSON.parse(await editor.inputValue());
  await editor.fill(JSON.stringify({ ...manifest, titel: 'x' }));
  await page.getByText('/titel').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Publish…' }).isDisabled(), true);
  await editor.fill(JSON.stringify({ ...manifest, title: 'A new title' }));
  await page.getByRole('button', { name: 'Publish…' }).click();
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  await page.getByText('Page front is changed').waitFor();
  await page.getByText('Revision 2', { exact: true }).waitFor();
  const titleOf = async () => /<title>(.*?)<\/title>/.exec(await (await fetch(server.origin)).text())?.[1];
  assert.equal(await titleOf(), 'A new title');
  await page.getByRole('button', { name: 'Go back to revision 1' }).click();
  await page.getByRole('button', { name: 'Go back', exact: true }).click();
  await page.getByText('Revision 3', { exact: true }).waitFor();
  assert.equal(await titleOf(), manifest.title);
});

test('the page is shown as it is now, in a frame that only the console may make', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  // Started again, the ports are known beforehand, as they are of every server that is not a test's.
  await server.stop();
  await server.restart();
  const desk = await Desk.open(context, server);
  await desk.goto('#/pages/front');
  const frame = desk.page.frameLocator('iframe');
  await frame.getByTestId('header').getByText('1.0.0').waitFor();
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  await frame.getByTestId('header').getByText('1.1.0').waitFor();
  await desk.isClean();
});

test('a version is seen on a page before it is live, stays while others change, and is left by its badge', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  await server.berth('push', 'header-app@1.1.0', header['1.1.0']);
  await server.stop();
  await server.restart();
  const browser = await newContext(context, { viewport: { width: 1280, height: 800 } });
  const desk = await Desk.open(context, server, { context: browser });
  await desk.goto('#/modules/header-app/1.1.0');
  await desk.page.getByRole('button', { name: 'Preview…' }).click();
  const link = desk.page.getByRole('link', { name: /front/ });
  const visit = await Visit.open(browser, await link.getAttribute('href'));
  await visit.showsHeader('1.1.0');
  assert.equal(new URL(visit.page.url()).search, '');
  const badge = visit.page.locator('#berth-preview');
  assert.match(await badge.innerText(), /Preview: header-app 1.1.0/);
  // What becomes live meanwhile is for others, and the browser keeps the preview.
  await server.activate('home-app', '1.0.1', home['1.0.0']);
  await server.berth('activate', 'header-app@1.1.0');
  await server.berth('rollback', 'header-app');
  await visit.goto(server.origin);
  await visit.showsHeader('1.1.0');
  const other = await Visit.open(await newContext(context), server.origin);
  await other.showsHeader('1.0.0');
  assert.equal(await other.page.locator('#berth-preview').count(), 0);
  await badge.getByRole('link', { name: 'Leave' }).click();
  await visit.showsHeader('1.0.0');
  assert.equal(await badge.count(), 0);
  await visit.isClean();
  await desk.isClean();
});

test('a page is shown with another version in the console itself', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  await server.berth('push', 'header-app@1.1.0', header['1.1.0']);
  await server.stop();
  await server.restart();
  const desk = await Desk.open(context, server);
  await desk.goto('#/pages/front');
  const frame = desk.page.frameLocator('iframe');
  await frame.getByTestId('header').getByText('1.0.0').waitFor();
  await desk.page.getByLabel('Show with').selectOption('header-app@1.1.0');
  await frame.getByTestId('header').getByText('1.1.0').waitFor();
  await desk.page.getByLabel('Show with').selectOption('');
  await frame.getByTestId('header').getByText('1.0.0').waitFor();
  await desk.isClean();
});

test('a token is made, shown once, works, and is revoked', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const desk = await Desk.open(context, server);
  const { page } = desk;
  await desk.goto('#/tokens');
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByLabel('Name').fill('ci of the header');
  await page.getByLabel('For').fill('header-app');
  await page.getByRole('button', { name: 'Create' }).click();
  const secret = await page.getByTestId('secret').innerText();
  await page.getByRole('button', { name: 'I have it' }).click();
  assert.equal(await page.getByText(secret).count(), 0);

  const other = await Desk.open(context, server, { token: secret });
  await other.settled();
  assert.equal(await other.page.getByRole('link', { name: 'header-app' }).count(), 1);
  assert.equal(await other.page.getByRole('link', { name: 'home-app' }).count(), 0);
  assert.equal(await other.page.getByRole('link', { name: 'Tokens' }).count(), 0);

  await page.getByRole('button', { name: 'Revoke ci of the header' }).click();
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByRole('row', { name: /ci of the header/ }).getByText('revoked').waitFor();
  await other.page.reload();
  await other.page.getByLabel('Token').waitFor();
});

test('the token is in no URL, in no log line, and gone with the tab', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const browser = await newContext(context);
  const desk = await Desk.open(context, server, { context: browser });
  for (const hash of ['#/modules/header-app', '#/activity', '#/tokens', '#/system']) await desk.goto(hash);
  assert.equal(JSON.stringify(server.log).includes(server.token), false);
  assert.equal(desk.page.url().includes(server.token), false);
  const second = await Desk.atLogin(context, server, { context: browser });
  await second.page.getByLabel('Token').waitFor();
  await desk.page.getByRole('button', { name: 'Log out' }).click();
  await desk.page.getByLabel('Token').waitFor();
  assert.equal(await desk.page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]).includes('berth_')), false);
});

test('a wrong token is told of, with what to do', { timeout: 30_000 }, async (context) => {
  const server = await Server.start(context);
  const desk = await Desk.atLogin(context, server);
  await desk.page.getByLabel('Token').fill('berth_wrong');
  await desk.page.keyboard.press('Enter');
  await desk.page.getByRole('alert').getByText('token-malformed').waitFor();
  await desk.isAccessible('a login that was refused');
});

test('what was live on a page at a time is told from the audit', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const desk = await Desk.open(context, server);
  await desk.goto('#/activity');
  await desk.page.getByLabel('Page').selectOption('front');
  await desk.page.getByRole('button', { name: 'Look' }).click();
  const row = desk.page.getByRole('row', { name: /header-app/ });
  await row.getByText('1.0.0').waitFor();
  await desk.page.getByLabel('At').fill('2020-01-01T14:02');
  await desk.page.getByRole('button', { name: 'Look' }).click();
  await desk.page.getByText('There was no page of that name then.').waitFor();
});

test('the way from the keyboard: log in, search, open, close a dialog, activate and roll back', { timeout: 60_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const desk = await Desk.atLogin(context, server);
  const { page } = desk;
  await page.getByLabel('Token').waitFor();
  await page.keyboard.type(server.token); // the field has the focus
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'header-app' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('header');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'header-app' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'header-app' }).waitFor();
  await server.berth('push', 'header-app@1.1.0', header['1.1.0']);
  await page.reload();
  await page.getByRole('button', { name: 'Activate 1.1.0' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.closest('dialog'));
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('dialog'));
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Activate 1.1.0');

  // The whole way without a mouse: activate with a reason, and roll back.
  const tabTo = async (name) => {
    for (let i = 0; i < 60; i++) {
      const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
      if (focused === name) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`"${name}" is not reached with the Tab key`);
  };
  await page.keyboard.press('Enter');
  await page.getByText('Nothing that is live breaks').waitFor();
  await page.keyboard.type('by keyboard'); // the field has the focus
  await page.keyboard.press('Enter');
  await page.getByText('header-app 1.1.0 is live').waitFor();
  await page.getByRole('button', { name: 'Roll back to 1.0.0…' }).waitFor();
  await page.getByRole('heading', { name: 'header-app' }).focus();
  await tabTo('Roll back to 1.0.0…');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.matches('dialog input'));
  await page.keyboard.type('back again');
  await page.keyboard.press('Enter');
  await page.getByText('header-app 1.0.0 is live').waitFor();
  await page.locator('.timeline').getByText('back again').waitFor();
  await desk.isClean();
});

test('the longest names and versions fit on a phone and on a desk', { timeout: 60_000 }, async (context) => {
  const server = await Server.start(context);
  const long = (text) => (text + '-that-is-as-long-as-a-name-may-be-and-has-no-place-to-breathe-at').slice(0, 64);
  const module = `@${long('scope')}/${long('module')}`;
  const versions = ['10.20.30', '10.20.31'].map((number) => `${number}-alpha.beta.gamma.delta.1+build.5114f85.20261121.sha.9f8e7d6c5b4a39281706`);
  const folder = await emptyModule(context);
  await writeFile(path.join(folder, 'a-file-with-a-long-name-that-has-no-place-to-break-0123456789abcdef0123456789abcdef.js'), '1');
  await writeFile(path.join(folder, 'berth.json'), JSON.stringify({ entry: 'index.js', format: 'es-module', exposes: { [`./${long('Expose')}`]: 'index.js' } }));
  for (const version of versions) await server.berth('push', `${module}@${version}`, folder, '--activate', '--reason', 'x'.repeat(400));
  await server.put('/api/pages/long', { path: `/${'p'.repeat(255)}`, title: 'Long', layout: { columns: '1fr 1fr 1fr', areas: ['a b c'] }, slots: ['a', 'b', 'c'].map((name) => ({ name, module, expose: `./${long('Expose')}` })) });
  const name = encodeURIComponent(module);
  const [before, after] = versions.map(encodeURIComponent);
  for (const width of [360, 1280]) {
    const desk = await Desk.open(context, server, { viewport: { width, height: 800 } });
    for (const hash of ['#/modules', `#/modules/${name}`, `#/modules/${name}/${before}`, `#/modules/${name}/compare?from=${before}&to=${after}`, `#/upload?module=${name}`, '#/pages', '#/pages/long', '#/activity']) {
      await desk.goto(hash);
      await desk.fits(`${hash} at ${width} px`);
      // Nor is anything over the edge of what it stands in.
      const over = await desk.page.evaluate(() => [...document.querySelectorAll('main .panel')].flatMap((panel) => [...panel.querySelectorAll('a, p, span:not(.sr), code, dd, h2')].filter((each) => each.getClientRects().length && !each.closest('pre, .scroll, .slot, .clip') && each.getBoundingClientRect().right > panel.getBoundingClientRect().right + 1).map((each) => `${each.tagName}.${each.className} ${each.textContent.slice(0, 40)}`)));
      assert.deepEqual(over, [], `${hash} at ${width} px`);
    }
    await desk.page.close();
  }
});

const VIEWS = {
  modules: '#/modules',
  module: '#/modules/header-app',
  version: '#/modules/header-app/1.1.0',
  compare: '#/modules/header-app/compare?from=1.0.0&to=1.1.0',
  upload: '#/upload',
  pages: '#/pages',
  page: '#/pages/front',
  'new-page': '#/pages/%2Bnew',
  activity: '#/activity',
  tokens: '#/tokens',
  system: '#/system',
};

for (const [width, colorScheme] of [[1280, 'light'], [360, 'dark'], [1920, 'dark']]) {
  test(`every view at ${width} px, ${colorScheme}: fits, can be read, and says nothing to the console`, { timeout: 60_000 }, async (context) => {
    const server = await Server.withSamples(context);
    await server.berth('push', 'header-app@1.1.0', header['1.1.0']);
    await server.stop();
    await server.restart();
    const desk = await Desk.atLogin(context, server, { viewport: { width, height: 800 }, colorScheme });
    const folder = path.join(output, 'screenshots');
    mkdirSync(folder, { recursive: true });
    await desk.page.getByLabel('Token').waitFor();
    await desk.isAccessible('login');
    await desk.page.screenshot({ path: path.join(folder, `console-login-${width}-${colorScheme}.png`) });
    await desk.login(server.token);
    for (const [name, hash] of Object.entries(VIEWS)) {
      await desk.goto(hash);
      await desk.fits(name);
      await desk.isAccessible(name);
      await desk.page.screenshot({ path: path.join(folder, `console-${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
    await desk.isClean();
  });
}
