// The tools, as people run them, and the configurations of the README.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { own, root } from './folders.mjs';

const header = path.join(root, 'frontends/header-app/node_modules');
const matrix = path.join(root, 'tests/browser/matrix/node_modules');
for (const folder of [header, matrix]) {
  if (!existsSync(folder)) throw new Error(`${folder} is missing; run: npm ci --prefix ${path.dirname(folder)}, or scripts/test, which does`);
}

export const readme = readFileSync(path.join(own, 'README.md'), 'utf8');

/** `{file name: text}` of the blocks that have a name. */
export const snippets = Object.fromEntries([...readme.matchAll(/```js (\S+)\n(.*?)```/gs)].map(([, name, text]) => [name, text]));

const rspack = (name) => ({
  packages: matrix,
  config: 'rspack.config.mjs',
  // Two of them are installed, each under a name of its own.
  fit: (text) => text.replace("'@rspack/core'", `'${name}'`),
  files: { 'drive.mjs': readFileSync(path.join(own, 'test/support/drive.mjs'), 'utf8') },
  command: ['drive.mjs', name, 'rspack.config.mjs'],
  output: 'remoteEntry.js',
});

/** What each is run with; `--watch` may follow. */
export const TOOLS = {
  webpack: { packages: header, config: 'webpack.config.js', command: ['node_modules/webpack/bin/webpack.js'], output: 'remoteEntry.js' },
  rspack1: rspack('rspack1'),
  rspack2: rspack('rspack2'),
  vite: { packages: matrix, config: 'vite.config.mjs', command: ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'], output: 'index.mjs' },
};

/** The configuration that the README shows for a tool. */
export const configOf = ({ config, fit = (text) => text }) => fit(snippets[config]);
