// header-app, built by three tools, publishes itself into an open page.
import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Visit, newContext } from '../../../../tests/browser/support/browser.mjs';
import { LOOK } from '../../../../tests/browser/support/looks.mjs';
import { Server } from '../../../../tests/browser/support/server.mjs';
import { newProject, root, write } from '../support/folders.mjs';
import { run } from '../support/run.mjs';
import { TOOLS } from '../support/tools.mjs';

const header = path.join(root, 'frontends/header-app');

/** Its own configuration, with the plugin added. */
const webpackConfig = `
const { BerthPublishPlugin } = require('@berth/publish');
const configure = require('./header.config.js');
module.exports = (env) => configure(env).map((config) => ({ ...config, cache: false, plugins: [...config.plugins, new BerthPublishPlugin({ version: config.name, activate: true, reason: 'built by webpack' })] }));
`;

const shared = '{ react: { singleton: true, requiredVersion: "^18.2.0" }, "react-dom": { singleton: true, requiredVersion: "^18.2.0" } }';

const rspackConfig = `
import path from 'node:path';
import { rspack } from 'rspack2';
import { BerthPublishPlugin } from '@berth/publish';
export default {
  mode: 'production',
  context: path.resolve('src/1.1.0'),
  entry: {},
  output: { path: path.resolve('dist'), clean: true, publicPath: 'auto', uniqueName: 'header-app' },
  resolve: { extensions: ['.tsx', '.ts', '.js'] },
  module: {
    rules: [
      { test: /\\.tsx?$/, loader: 'builtin:swc-loader', options: { jsc: { parser: { syntax: 'typescript', tsx: true }, transform: { react: { runtime: 'automatic' } } } } },
      { test: /\\.css$/, use: [rspack.CssExtractRspackPlugin.loader, 'css-loader'], type: 'javascript/auto' },
    ],
  },
  plugins: [
    new rspack.container.ModuleFederationPlugin({ name: 'appHeader', filename: 'remoteEntry.js', exposes: { './Header': './Header' }, shared: ${shared} }),
    new rspack.CssExtractRspackPlugin({}),
    new BerthPublishPlugin({ version: '1.2.0', activate: true }),
  ],
};
`;

const viteConfig = `
import { federation } from '@module-federation/vite';
import { berthPublish } from '@berth/publish';
export default {
  base: './',
  plugins: [
    federation({ name: 'appHeader', filename: 'remoteEntry.js', exposes: { './Header': './src/1.0.0/Header.tsx' }, shared: ${shared}, manifest: true, dts: false }),
    berthPublish({ version: '1.3.0', activate: true }),
  ],
  build: { target: 'esnext', rollupOptions: { input: 'src/1.0.0/Header.tsx' } },
};
`;

/** header-app's sources in a project of a tool; one release tells it is another. */
function project(t, tool, config, release, version) {
  const cwd = newProject(t, tool.packages, { ...tool.files, [tool.config]: config });
  cpSync(path.join(header, 'src'), path.join(cwd, 'src'), { recursive: true });
  for (const name of ['package.json', 'tsconfig.json']) cpSync(path.join(header, name), path.join(cwd, name));
  cpSync(path.join(header, 'webpack.config.js'), path.join(cwd, 'header.config.js'));
  const source = path.join('src', release, 'Header.tsx');
  return write(cwd, { [source]: readFileSync(path.join(cwd, source), 'utf8').replaceAll(`'${release}'`, `'${version}'`) });
}

const steps = [
  { name: 'webpack', tool: TOOLS.webpack, config: webpackConfig, release: '1.1.0', version: '1.1.0', more: ['--env', 'release=1.1.0'] },
  { name: 'rspack', tool: TOOLS.rspack2, config: rspackConfig, release: '1.1.0', version: '1.2.0', more: [] },
  { name: 'vite', tool: TOOLS.vite, config: viteConfig, release: '1.0.0', version: '1.3.0', more: [] },
];

test('header-app publishes itself, and the open page shows it', async (t) => {
  const server = await Server.withSamples(t);
  const visit = await Visit.open(await newContext(t), `${server.origin}/`);
  await visit.showsHeader('1.0.0');
  await visit.asks('/events');

  for (const { name, tool, config, release, version, more } of steps) {
    await t.test(`built by ${name}`, async (t) => {
      const cwd = project(t, tool, config, release, version);
      const { code, all } = await run([...tool.command, ...more], { cwd, env: { BERTH_SERVER: `http://${server.admin}`, BERTH_TOKEN: server.token } });
      assert.equal(code, 0, all);
      assert.match(all, new RegExp(`berth: uploaded header-app@${version.replaceAll('.', '\\.')}: \\d+ files, [\\d.]+ kB; it is live, generation \\d+; way back to .*: berth rollback header-app`));
      assert.ok(!all.includes('warning:'), all);

      await visit.showsHeader(version);
      assert.deepEqual(await visit.header(), { ...LOOK[release], version, text: `Version ${version}` });
      const entry = await fetch(`${server.origin}/m/header-app@${version}/remoteEntry.js`);
      assert.deepEqual([entry.status, entry.headers.get('cache-control')], [200, 'public, max-age=31536000, immutable']);
      await visit.kept();
      await visit.isClean();
    });
  }

  const answer = await fetch(`http://${server.admin}/api/modules/header-app`, { headers: { authorization: `Bearer ${server.token}` } });
  assert.ok(JSON.stringify(await answer.json()).includes('"reason":"built by webpack"'));
});
