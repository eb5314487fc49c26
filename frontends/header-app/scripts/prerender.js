// Writes what the header renders first as dist/RELEASE/prerendered/Header.html, and the berth.json that names it, so
// that a page can show the header before its script runs. For every release, after `npm run bundle`.
process.env.NODE_ENV = 'production';

const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { createElement } = require('react');
const { renderToStaticMarkup } = require('react-dom/server');
const webpack = require('webpack');
const { name } = require('../package.json');

const FILE = 'prerendered/Header.html';
const cache = path.join(__dirname, '../node_modules/.cache/prerender');

/** The same sources for Node: the component alone, with this package's React. */
const forNode = ({ context, resolve, module, name: release }) => ({
  name: release,
  mode: 'production',
  target: 'node',
  context,
  entry: './Header',
  output: { path: path.join(cache, release), filename: 'Header.js', library: { type: 'commonjs2' }, publicPath: '' },
  resolve,
  module: { rules: [...module.rules.filter(({ test }) => !test.test('.css')), { test: /\.css$/, type: 'asset/source' }] },
  externals: [/^react(-dom)?($|\/)/],
  externalsType: 'commonjs',
  optimization: { minimize: false },
  stats: 'errors-warnings',
});

const configs = require('../webpack.config')();

webpack(configs.map(forNode)).run((error, stats) => {
  if (error || stats.hasErrors()) {
    console.error(error ?? stats.toString('errors-only'));
    process.exitCode = 1;
    return;
  }
  for (const { name: release, output } of configs) {
    const { default: Header } = require(path.join(cache, release, 'Header.js'));
    const html = renderToStaticMarkup(createElement(Header), { identifierPrefix: `${name}-` });
    const berth = { exposes: { './Header': { prerendered: FILE } } };
    mkdirSync(path.join(output.path, path.dirname(FILE)), { recursive: true });
    writeFileSync(path.join(output.path, FILE), html);
    writeFileSync(path.join(output.path, 'berth.json'), `${JSON.stringify(berth, null, 2)}\n`);
  }
});
