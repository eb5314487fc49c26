// Writes what the content renders first as dist/VERSION/prerendered/Content.html, and the berth.json that names it, so
// that a page can show the content before its script runs. After `npm run bundle`.
process.env.NODE_ENV = 'production';

const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { createElement } = require('react');
const { renderToStaticMarkup } = require('react-dom/server');
const webpack = require('webpack');
const { name, version } = require('../package.json');
const { context, output, resolve, module: modules } = require('../webpack.config');

const FILE = 'prerendered/Content.html';
const cache = path.join(__dirname, '../node_modules/.cache/prerender');

/** The same sources for Node: the component alone, with this package's React. */
const config = {
  mode: 'production',
  target: 'node',
  context,
  entry: './src/content/Content',
  output: {
    path: cache,
    filename: 'Content.js',
    library: { type: 'commonjs2' },
    assetModuleFilename: output.assetModuleFilename,
    // Only a script can find out where it came from; HTML has to know where its pictures will be.
    publicPath: `/m/${name}@${version}/`,
  },
  resolve,
  module: {
    generator: { 'asset/resource': { emit: false } },
    rules: [...modules.rules.filter(({ test }) => !test.test('.css')), { test: /\.css$/, type: 'asset/source' }],
  },
  externals: [/^react(-dom)?($|\/)/],
  externalsType: 'commonjs',
  optimization: { minimize: false },
  stats: 'errors-warnings',
};

webpack(config).run((error, stats) => {
  if (error || stats.hasErrors()) {
    console.error(error ?? stats.toString('errors-only'));
    process.exitCode = 1;
    return;
  }
  const { default: Content } = require(path.join(cache, 'Content.js'));
  const html = renderToStaticMarkup(createElement(Content), { identifierPrefix: `${name}-` });
  const berth = { exposes: { './Content': { prerendered: FILE } } };
  mkdirSync(path.join(output.path, path.dirname(FILE)), { recursive: true });
  writeFileSync(path.join(output.path, FILE), html);
  writeFileSync(path.join(output.path, 'berth.json'), `${JSON.stringify(berth, null, 2)}\n`);
});
