// Builds the releases of header-app that fail, with header-app's own webpack configuration and packages:
//   node build.mjs OUT        writes OUT/1.2.0, OUT/1.3.0 and OUT/1.4.0
// header-app must be installed (npm ci in frontends/header-app).
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const RELEASES = ['1.2.0', '1.3.0', '1.4.0'];

const here = path.dirname(fileURLToPath(import.meta.url));
const headerApp = path.resolve(here, '../../../frontends/header-app');
const out = process.argv[2];

if (!out) {
  console.error('usage: node build.mjs OUT');
  process.exit(2);
}
if (!existsSync(path.join(headerApp, 'node_modules/webpack'))) {
  console.error(`webpack is not installed; run: npm ci --prefix ${headerApp}`);
  process.exit(1);
}

const requireFromHeader = createRequire(path.join(headerApp, 'package.json'));
const webpack = requireFromHeader('webpack');
const configure = requireFromHeader('./webpack.config.js');

const configs = RELEASES.flatMap((release) =>
  configure({ release, source: path.join(here, release), out: path.join(path.resolve(out), release) }),
);
const compiler = webpack(configs);

compiler.run((error, stats) => {
  if (error || stats.hasErrors()) {
    console.error(error ?? stats.toString('errors-only'));
    process.exitCode = 1;
  }
  compiler.close(() => {}); // writes the cache
});
