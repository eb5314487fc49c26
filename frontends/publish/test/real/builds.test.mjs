// Real builds that publish themselves to the real server.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { Server } from '../../../../tests/browser/support/server.mjs';
import { newProject, own, write } from '../support/folders.mjs';
import { run, said, start } from '../support/run.mjs';
import { TOOLS, configOf, snippets } from '../support/tools.mjs';

const server = await Server.start({ after });
const env = { BERTH_SERVER: `http://${server.admin}`, BERTH_TOKEN: server.token };
const WRONG = `berth_${'x'.repeat(43)}`;

const hello = (text) => `export function mount(element) { element.textContent = ${JSON.stringify(text)}; return { unmount() {} }; }\n`;
const files = (module) => ({
  'package.json': JSON.stringify({ name: module, version: '1.0.0' }),
  'src/index.js': "import('./hello.js');\n",
  'src/hello.js': hello('one'),
});
const projectOf = (t, tool, module, config = configOf(tool)) => newProject(t, tool.packages, { ...tool.files, ...files(module), [tool.config]: config });

/** Names of a module's versions. */
async function versions(module) {
  const answer = await fetch(`${env.BERTH_SERVER}/api/modules/${module}/versions`, { headers: { authorization: `Bearer ${server.token}` } });
  return ((await answer.json()).versions ?? []).map(({ version }) => version);
}
const live = async (module) => (await (await fetch(`${server.origin}/manifests/remotes.json`)).json()).remotes[module]?.version;
const textsIn = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => readFileSync(path.join(entry.parentPath ?? entry.path, entry.name), 'utf8'));

describe('the configurations of the README', { concurrency: 2 }, () => {
  for (const [name, tool] of Object.entries(TOOLS)) {
    const module = `hello-${name}`;
    test(`${name}: a build publishes itself, is unchanged the second time, and fails with the publish`, async (t) => {
      const cwd = projectOf(t, tool, module);
      const build = (more) => run(tool.command, { cwd, env: { ...env, ...more } });

      const first = await build();
      assert.equal(first.code, 0, first.all);
      assert.match(first.err, new RegExp(`^berth: uploaded ${module}@1\\.0\\.0: \\d+ files?, [\\d.]+ k?B; it is live, generation \\d+$`, 'm'));
      const entry = await fetch(`${server.origin}/m/${module}@1.0.0/${tool.output}`);
      assert.deepEqual([entry.status, await entry.text()], [200, readFileSync(path.join(cwd, 'dist', tool.output), 'utf8')]);
      assert.equal(await live(module), '1.0.0');

      const second = await build();
      assert.equal(second.code, 0, second.all);
      assert.match(second.err, new RegExp(`^berth: ${module}@1\\.0\\.0 was there already, with the same contents: .*; it is live`, 'm'));

      const wrong = await build({ BERTH_TOKEN: WRONG });
      assert.notEqual(wrong.code, 0);
      assert.match(wrong.all, /berth: the token is not known\s[^]*hint: another token is needed[^]*\(401 token-unknown\)/);
      assert.ok(!wrong.all.includes(WRONG));

      write(cwd, { 'src/hello.js': hello('two') });
      const other = await build();
      assert.notEqual(other.code, 0);
      assert.match(other.all, /berth: version 1\.0\.0 of this module exists with other contents\s[^]*hint: a version never changes[^]*\(409 version-exists\)/);
      for (const text of textsIn(path.join(cwd, 'dist'))) assert.ok(!text.includes(server.token));

      write(cwd, { 'src/hello.js': 'export function mount( {' });
      const broken = await build({ BERTH_VERSION: '2.0.0' });
      assert.notEqual(broken.code, 0);
      assert.ok(!broken.all.includes('berth:'), broken.all);
      assert.deepEqual(await versions(module), ['1.0.0']);
    });
  }
});

/** What the README shows, for a module of its own, and one more plugin that is asked to publish in watch mode. */
function watching(tool, notAsked, asked) {
  const version = "(() => { const versions = ['1.0.0', '1.0.0', '1.0.1']; return () => versions.shift(); })()";
  return configOf(tool).replace(/((?:new )?\w+)\(\{ activate: true \}\)/, (_, plugin) => `${plugin}({ module: '${notAsked}' }), ${plugin}({ module: '${asked}', activate: true, watch: true, version: ${version} })`);
}

describe('in watch mode', { concurrency: 2 }, () => {
  for (const name of ['webpack', 'rspack2', 'vite']) {
    test(`${name} publishes what it is asked to, goes on when that fails, and publishes nothing else`, async (t) => {
      const tool = TOOLS[name];
      const [notAsked, asked] = [`not-asked-${name}`, `asked-${name}`];
      const cwd = projectOf(t, tool, 'unused', watching(tool, notAsked, asked));
      const child = start([...tool.command, '--watch'], { cwd, env });
      t.after(() => child.kill());
      await said(child, `uploaded ${asked}@1.0.0`);
      write(cwd, { 'src/hello.js': hello('two') });
      await said(child, 'version 1.0.0 of this module exists with other contents');
      write(cwd, { 'src/hello.js': hello('three') });
      await said(child, `uploaded ${asked}@1.0.1`);
      assert.equal(await live(asked), '1.0.1');
      assert.deepEqual(await versions(notAsked), []);
    });
  }
});

test('vite: a build that another plugin fails, and one for a server, publish nothing', async (t) => {
  // The first format is written when the second one fails.
  const config = configOf(TOOLS.vite)
    .replace("formats: ['es']", "formats: ['es', 'cjs']")
    .replace('plugins: [', "plugins: [process.env.FAIL && { name: 'fail', [process.env.FAIL](...all) { if ((all.find((one) => one?.format)?.format ?? 'cjs') === 'cjs') throw new Error('on purpose'); } }, ");
  const cwd = projectOf(t, TOOLS.vite, 'failing', config);
  for (const hook of ['transform', 'renderChunk', 'generateBundle', 'writeBundle', 'closeBundle']) {
    const { code, all } = await run(TOOLS.vite.command, { cwd, env: { ...env, FAIL: hook } });
    assert.notEqual(code, 0, hook);
    assert.match(all, /on purpose/);
    assert.deepEqual(await versions('failing'), [], hook);
  }
  const ssr = await run([...TOOLS.vite.command, '--ssr', 'src/hello.js'], { cwd, env });
  assert.equal(ssr.code, 0, ssr.all);
  assert.deepEqual(await versions('failing'), []);
  const good = await run(TOOLS.vite.command, { cwd, env });
  assert.match(good.all, /uploaded failing@1\.0\.0: 2 files/);
});

test('a version that is staged is there and not live; source maps are left out where that is wanted', async (t) => {
  const tool = TOOLS.webpack;
  const config = configOf(tool).replace("mode: 'production',", "mode: 'production', devtool: 'source-map',").replace('activate: true', 'stage: true, sourceMaps: false');
  const cwd = projectOf(t, tool, 'staged', config);
  const { code, all } = await run(tool.command, { cwd, env });
  assert.equal(code, 0, all);
  assert.match(all, /loaded ahead by 0 open browsers; next: berth activate staged@1\.0\.0/);
  assert.ok(readdirSync(path.join(cwd, 'dist')).includes('remoteEntry.js.map'));
  assert.deepEqual([await live('staged'), (await fetch(`${server.origin}/m/staged@1.0.0/remoteEntry.js`)).status, (await fetch(`${server.origin}/m/staged@1.0.0/remoteEntry.js.map`)).status], [undefined, 200, 404]);
});

test('berth-publish and berth push agree on what is the same, also under odd names', async (t) => {
  const dist = { 'index.js': hello('x'), [`${'deep/'.repeat(12)}${'n'.repeat(150)}.js`]: '1', 'Grüße 🙂.txt': 'ü', 'a/b.css': '', 'a-c.css': '' };
  const cwd = newProject(t, TOOLS.webpack.packages, Object.fromEntries(Object.entries(dist).map(([name, text]) => [`dist/${name}`, text])));
  const cli = '../node_modules/@berth/publish/dist/esm/cli.js';
  const { code, all } = await run([cli, '@shop/odd@1.0.0+5', 'dist'], { cwd, env });
  assert.deepEqual([code, all], [0, 'uploaded @shop/odd@1.0.0+5: 5 files, 90 B; next: berth activate @shop/odd@1.0.0+5\n']);
  assert.match(await server.berth('push', '@shop/odd@1.0.0+5', path.join(cwd, 'dist')), /was there already, with the same contents: 5 files, 90 B/);
  const script = await run(['publish.mjs'], { cwd: write(cwd, { 'publish.mjs': snippets['publish.mjs'], 'package.json': '{"name": "script", "version": "1.0.0"}' }), env });
  assert.match(script.all, /^uploaded script@1\.0\.0: 5 files, 90 B; it is live, generation \d+\n\/m\/script@1\.0\.0\/ true true\n$/);
});

test('the commands of the CI examples are right', async (t) => {
  const cwd = newProject(t, TOOLS.webpack.packages, { ...files('ci'), 'dist/index.js': hello('ci') });
  for (const [file, variables] of [['github-actions.yml', { GITHUB_SHA: 'abc' }], ['gitlab-ci.yml', { CI_COMMIT_SHA: 'abc' }]]) {
    const [, line] = /- (?:run: )?npx --no berth-publish (.*)/.exec(readFileSync(path.join(own, 'examples', file), 'utf8'));
    const words = line.split(' ').map((word) => word.replace(/^"\$(\w+)"$/, (_, name) => variables[name]));
    const { code, all } = await run(['../node_modules/@berth/publish/dist/esm/cli.js', ...words], { cwd, env: { ...env, ...variables, BERTH_VERSION: '1.4.7' } });
    assert.equal(code, 0, all);
    assert.match(all, /ci@1\.4\.7.*; it is live/);
  }
  assert.match(await server.berth('status'), /^ci +1\.4\.7/m);
});
