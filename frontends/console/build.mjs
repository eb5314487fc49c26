// Builds dist/console/: index.html, and beside it files that have their contents' digest in their names.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

/** Brotli, of all scripts. */
const LIMIT_BYTES = 48 * 1024;

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const { name, version } = JSON.parse(await readFile(here('package.json'), 'utf8'));

await rm(here('dist'), { recursive: true, force: true });
await mkdir(here('dist/console'), { recursive: true });
const { metafile, outputFiles } = await build({
  absWorkingDir: here('.'),
  entryPoints: ['src/main.tsx'],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  metafile: true,
  write: false,
  outdir: 'dist/console',
  entryNames: 'assets/console-[hash]',
  assetNames: 'assets/[name]-[hash]',
  loader: { '.svg': 'file' },
  publicPath: '/console/',
  define: { __CONSOLE_VERSION__: JSON.stringify(version) },
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
});

let bytes = 0;
for (const { path: name, contents } of outputFiles) {
  await mkdir(path.dirname(name), { recursive: true });
  await writeFile(name, contents);
  if (name.endsWith('.js')) bytes += brotliCompressSync(contents).length;
}
if (bytes > LIMIT_BYTES) throw new Error(`the scripts have ${bytes} bytes with brotli; at most ${LIMIT_BYTES} are allowed`);

const [script, style, icon] = ['.js', '.css', '.svg'].map((ending) => {
  const found = Object.keys(metafile.outputs).find((name) => name.endsWith(ending));
  if (!found) throw new Error(`the build made no ${ending} file`);
  return `/console/${path.relative('dist/console', found)}`;
});
const page = (await readFile(here('src/index.html'), 'utf8')).replace('SCRIPT', script).replace('STYLE', style).replace('ICON', icon);
await writeFile(here('dist/console/index.html'), page);

// What the bundle is, for a server that publishes it by itself. The page names all other files by their contents, so
// its digest is that of a build; as build metadata it does not count when two versions are compared.
const digest = createHash('sha256').update(page).digest('hex').slice(0, 8);
await writeFile(here('dist/console/package.json'), `${JSON.stringify({ name, version: `${version}+${digest}` })}\n`);
console.log(`console ${version}+${digest}: ${bytes} bytes of script with brotli`);
