// Native Federation: modules import packages by name, and the page says which copy that is.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Visit, newContext } from './support/browser.mjs';
import { Server } from './support/server.mjs';

/** A build as Native Federation writes it: a remoteEntry.json, an exposed module, and its copy of a package. */
async function build(context, { version, requiredVersion }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-native-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const shared = { packageName: 'tally', outFileName: `tally.${version}.js`, requiredVersion, singleton: true, strictVersion: true, version };
  const entry = { name: 'native', exposes: [{ key: './Widget', outFileName: 'Widget.js' }], shared: [shared] };
  await writeFile(path.join(folder, 'remoteEntry.json'), JSON.stringify(entry));
  await writeFile(path.join(folder, shared.outFileName), `export const version = '${version}'; let users = 0; export const join = () => ++users;`);
  await writeFile(
    path.join(folder, 'Widget.js'),
    `import { join, version } from 'tally';
     export const mount = (element) => { element.textContent = 'tally ' + version + ', user ' + join(); return { unmount: () => element.replaceChildren() }; };`,
  );
  return folder;
}

const slot = (name) => ({ name, module: name, expose: './Widget' });

async function pageOf(context, builds) {
  const server = await Server.start(context);
  for (const [name, options] of Object.entries(builds)) await server.activate(name, '1.0.0', await build(context, options));
  await server.put('/api/pages/native', { path: '/', title: 'Native', slots: Object.keys(builds).map(slot) });
  const visit = await Visit.open(await newContext(context), server.origin);
  const text = (name) => visit.page.locator(`[data-berth-slot="${name}"]`);
  return { server, visit, shows: (name, wanted) => text(name).getByText(wanted).waitFor() };
}

test('modules share the newest copy that suits them; one that needs another has its own', { timeout: 30_000 }, async (context) => {
  const { visit, shows } = await pageOf(context, {
    older: { version: '1.1.0', requiredVersion: '^1.0.0' },
    newer: { version: '1.2.0', requiredVersion: '^1.1.0' },
    other: { version: '2.0.0', requiredVersion: '^2.0.0' },
  });
  await shows('older', /^tally 1\.2\.0, user [12]$/);
  await shows('newer', /^tally 1\.2\.0, user [12]$/);
  await shows('other', 'tally 2.0.0, user 1');
  const users = await visit.page.evaluate(() => ['older', 'newer'].map((name) => document.querySelector(`[data-berth-slot="${name}"]`).textContent.slice(-1)).sort());
  assert.deepEqual(users, ['1', '2'], 'both are users of one copy');
  const asked = visit.requested.filter((file) => file.includes('tally'));
  assert.deepEqual(asked.sort(), ['/m/newer@1.0.0/tally.1.2.0.js', '/m/other@1.0.0/tally.2.0.0.js']);
  await visit.isClean();
});

test('a copy that was changed on its way is not run', { timeout: 30_000 }, async (context) => {
  const { server, visit, shows } = await pageOf(context, { older: { version: '1.1.0', requiredVersion: '^1.0.0' } });
  await shows('older', 'tally 1.1.0, user 1');
  const changed = await Visit.blank(await newContext(context));
  await changed.page.route('**/tally.*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: 'export const version = "evil", join = () => 0;' }));
  const report = changed.page.waitForRequest('**/reports');
  await changed.goto(server.origin);
  await report;
  assert.doesNotMatch(await changed.page.locator('body').innerText(), /evil/);
  await visit.isClean();
});
