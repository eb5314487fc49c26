// The order of hooks that rollup has (vite 5 to 7): vite 8 has another, which the builds of test/real show.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { berthPublish } from '../dist/esm/index.js';
import { fakeServer, json, takeBody } from './support/fake.mjs';
import { folderWith } from './support/folders.mjs';

const sequences = [
  ['one format', ['renderStart', 'writeBundle', 'closeBundle'], 1],
  ['two formats', ['renderStart', 'writeBundle', 'renderStart', 'writeBundle', 'closeBundle'], 1],
  ['a build that failed before it wrote', ['closeBundle'], 0],
  ['a second format that failed', ['renderStart', 'writeBundle', 'renderStart', 'closeBundle'], 0],
  ['a build that failed after one that went well', ['renderStart', 'writeBundle', 'closeBundle', 'closeBundle'], 1],
];
for (const [what, hooks, count] of sequences) {
  test(`${what}: ${count} uploads`, async (t) => {
    const { url, seen } = await fakeServer(t, (request, response) => takeBody(request, response, () => json(response, 201, { files: 1, bytes: 1 })));
    const root = folderWith(t, { 'out/index.js': '' });
    const plugin = berthPublish({ server: url, token: 'berth_a', module: 'a', version: '1.0.0', quiet: true });
    plugin.configResolved({ root, build: { outDir: 'out' } });
    for (const hook of hooks) await (plugin[hook].handler ?? plugin[hook]).call({});
    assert.equal(seen.length, count);
  });
}

test('of several environments only those for browsers are published', async (t) => {
  const { url, seen } = await fakeServer(t, (request, response) => takeBody(request, response, () => json(response, 201, { files: 1, bytes: 1 })));
  const root = folderWith(t, { 'out/client/index.js': '', 'out/ssr/secret.js': '' });
  const plugin = berthPublish({ server: url, token: 'berth_a', module: 'a', version: '1.0.0', quiet: true });
  plugin.configResolved({ root, build: { outDir: 'out/client' } });
  for (const [consumer, outDir] of [['client', 'out/client'], ['server', path.join(root, 'out/ssr')]]) {
    const context = { environment: { config: { consumer, build: { outDir } } } };
    for (const hook of ['renderStart', 'writeBundle', 'closeBundle']) await (plugin[hook].handler ?? plugin[hook]).call(context);
  }
  assert.equal(seen.length, 1);
});
