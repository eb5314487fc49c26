// Builds dist/shell.js with its second file dist/more.<hash>.js, and dist/live.js, which is both in one.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { brotliCompressSync, constants } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { minify } from 'terser';

/** Brotli, per output. A composed page starts with shell.js alone; live.js is what one with baked consumers has. */
const LIMIT_BYTES = { 'shell.js': 8192, 'more.js': 4096, 'live.js': 11_264 };

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(await readFile(here('package.json'), 'utf8'));

/** Members that no file outside of src/ knows, and no browser: they are made short. */
const OWN =
  'active attach box busy chunks closed container current element empty exposing fail failed final ' +
  'fixed followed forgives held kept latest life loading make mounted mounts namespaces needed offer prepare preload recover reveal ' +
  'rewind scope sheets show spec suspended takes thrown trouble ' +
  // What the two files hand each other.
  'addMounts Fault pageNonce routeGlobal sharedPackage trustedScript ' +
  'HotModule customElement freshUrls lostModule reloadSoon runModule singleSpa spoilUrls watchGlobals';

/** Instead of the `#` of private members, which costs 50 bytes; TypeScript has seen to it that they are. */
const PRIVATE = 'own_';

/** In the second file, `./core` is what the first one hands over when it loads it. */
const coreFromShell = {
  name: 'core-from-shell',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/core$/ }, () => ({ path: 'core', namespace: 'core' }));
    onLoad({ filter: /./, namespace: 'core' }, async () => {
      const source = await readFile(here('src/core.ts'), 'utf8');
      const names = [...source.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => list.match(/\w+/g));
      // Pure, so that only those that are used stay.
      return { contents: names.map((name) => `export const ${name} = /* @__PURE__ */ (() => $core.${name})();`).join('\n') };
    });
  },
};

/** esbuild bundles, terser makes it small (by some 4 % smaller than esbuild does). `nameCache`: files that share short names. */
async function bundle(name, { define = {}, wrap = (code) => code, nameCache = {}, ...options } = {}) {
  const { outputFiles } = await build({
    entryPoints: [here(`src/${name}.ts`)],
    outfile: here(`dist/${name}.js`),
    bundle: true,
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    charset: 'utf8',
    minify: true,
    legalComments: 'none',
    sourcemap: 'external',
    write: false,
    logLevel: 'warning',
    define: { __BERTH_VERSION__: JSON.stringify(version), ...define },
    ...options,
  });
  const text = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text;
  const code = text('.js').replace(/(\w?)#(?=\w)/g, (_, before) => (before ? `${before} ${PRIVATE}` : PRIVATE));
  const result = await minify(
    { [`${name}.js`]: wrap(code) },
    {
      ecma: 2022,
      compress: { passes: 4, ecma: 2022, inline: 1, unsafe_arrows: true, pure_getters: true, hoist_funs: true },
      mangle: { properties: { regex: new RegExp(`^(${OWN.split(' ').join('|')}|${PRIVATE}\\w+)$`), builtins: true } },
      format: { ecma: 2022 },
      nameCache: { props: nameCache },
      sourceMap: { filename: `${name}.js`, content: text('.map') },
    },
  );
  return { code: `${result.code}\n`, map: result.map };
}

async function write(file, { code: text, map }) {
  const size = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  if (size > LIMIT_BYTES[file]) throw new Error(`${file}: ${size} bytes brotli, more than ${LIMIT_BYTES[file]}`);
  await writeFile(here(`dist/${file}`), text);
  await writeFile(here(`dist/${file}.map`), map);
  console.log(`dist/${file}  ${text.length} bytes, ${size} brotli`);
}

/** A top-level `var` in a classic script makes a global that cannot be turned into an accessor any more. In a page's HTML its text must not end its element. */
function checkClassic(name, { code }) {
  if (!/^("use strict";)?\(\(\)=>\{/.test(code)) throw new Error(`${name}: does not start with a function`);
  if (/<\/?script|<!--/i.test(code)) throw new Error(`${name}: can not stand in a page`);
}

await mkdir(here('dist'), { recursive: true });
const nameCache = {};

// An ES module, so that `import()` brings it: its only export takes what the shell hands over.
const more = await bundle('more', {
  nameCache,
  plugins: [coreFromShell],
  globalName: '$more',
  wrap: (code) => `export default function ($core) {${code};return $more.more}`,
});
await write('more.js', more);

// The server serves it under the same name, from the same bytes.
const hash = createHash('sha256').update(more.code).digest('hex').slice(0, 16);
const shell = await bundle('index', { nameCache, define: { __BERTH_MORE__: JSON.stringify(`more.${hash}.js`) } });
checkClassic('shell.js', shell);
await write('shell.js', shell);

const live = await bundle('live');
checkClassic('live.js', live);
await write('live.js', live);
