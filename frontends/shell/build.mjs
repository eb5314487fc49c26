// Builds dist/shell.js and dist/live.js: two entry points over the same core.
import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { brotliCompressSync, constants } from 'node:zlib';
import { fileURLToPath } from 'node:url';

const LIMIT_BYTES = 8000; // brotli, per output

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(await readFile(here('package.json'), 'utf8'));

const common = {
  bundle: true,
  format: 'iife',
  target: 'es2022',
  platform: 'browser',
  charset: 'utf8',
  minify: true,
  legalComments: 'none',
  define: { __BERTH_VERSION__: JSON.stringify(version) },
  logLevel: 'warning',
};

await build({
  ...common,
  entryPoints: [here('src/index.ts')],
  outfile: here('dist/shell.js'),
  sourcemap: true,
});

// The server appends a call to this text, so it carries no `sourceMappingURL` line that would swallow or misplace it.
await build({
  ...common,
  entryPoints: [here('src/live.ts')],
  outfile: here('dist/live.js'),
  sourcemap: 'external',
});

for (const name of ['shell.js', 'live.js']) {
  const text = await readFile(here(`dist/${name}`), 'utf8');
  // A top-level `var` in a classic script makes a global that cannot be turned into an accessor any more.
  if (!/^("use strict";)?\(\(\)=>\{/.test(text)) throw new Error(`${name}: does not start with a function`);
  if (!text.endsWith('\n')) throw new Error(`${name}: no newline at the end`);
  const size = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  if (size > LIMIT_BYTES) throw new Error(`${name}: ${size} bytes brotli, more than ${LIMIT_BYTES}`);
  console.log(`dist/${name}  ${text.length} bytes, ${size} brotli`);
}
