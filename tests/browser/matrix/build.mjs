// Builds the matrix into tests/output/matrix/<digest of all that it is made of>; a second run finds it there.
//   node build.mjs [VARIANT…]      all, or some (into a folder that is not kept, to try things)
// Also a library: `built()` for the tests.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BROKEN_LOOK, CONSUMERS, FAULTS, RELEASES, VARIANTS, containerOf, moduleOf } from './variants.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const output = path.resolve(here, '../../output/matrix');

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();

/** What of the list changes what is built. */
const plan = () => [RELEASES, FAULTS, BROKEN_LOOK, VARIANTS, CONSUMERS].map((part) => JSON.stringify(part, (key, value) => (/todo$/i.test(key) || ['subset', 'policies'].includes(key) ? undefined : value)));

function digest() {
  const hash = createHash('sha256').update(plan().join());
  const own = ['build.mjs', 'tools.mjs', 'package-lock.json'].map((name) => path.join(here, name));
  for (const file of [...own, ...filesIn(path.join(here, 'sources'))]) hash.update(path.relative(here, file)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/** The folder with all builds; throws if they are not there yet. */
export function builds() {
  const folder = path.join(output, digest());
  if (!existsSync(folder)) throw new Error(`the matrix is not built; run: node ${path.relative(process.cwd(), path.join(here, 'build.mjs'))}`);
  return folder;
}

/** As scripts/lib.sh's npm_ci does it, with the same stamp. */
function install() {
  const lock = createHash('sha256').update(readFileSync(path.join(here, 'package-lock.json'))).digest('hex');
  const stamp = path.join(here, 'node_modules/.berth-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === lock) return;
  execFileSync('npm', ['ci', '--silent', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: here, stdio: 'inherit' });
  writeFileSync(stamp, `${lock}\n`);
}

/** Copies the sources of one release into `work`, with what is special to it filled in. */
function fill(work, sources, words) {
  mkdirSync(work, { recursive: true });
  for (const name of sources) {
    for (const file of readdirSync(path.join(here, 'sources', name))) {
      const text = readFileSync(path.join(here, 'sources', name, file), 'utf8');
      const filled = Object.entries(words).reduce((done, [word, value]) => done.replaceAll(word, value), text);
      writeFileSync(path.join(work, file), filled.replaceAll(/__[A-Z]+_FAULT__;\n?/g, ''));
    }
  }
}

const thrown = ({ placeholder, message }) => (placeholder ? { [placeholder]: `if (document) throw new Error('${message}')` } : {});

const hasText = (text) => (file) => readFileSync(file, 'utf8').includes(text);
const isEntry = (file) => ['index.js', 'card.js'].includes(path.basename(file));

/** What is taken away from a release: by its scripts and its text. */
const LACKING = {
  // Where the text is in the entry itself, what that shares with the lazy part.
  '3.2.0': (scripts, text) => (scripts.some((file) => isEntry(file) && hasText(text)(file)) ? scripts.filter((file) => /^chunk-/.test(path.basename(file))) : scripts.filter(hasText(text))),
  '3.3.0': (scripts) => scripts.filter(hasText('card-more')),
};

async function buildCard(tools, folder, variant, version) {
  const look = RELEASES[version] ?? BROKEN_LOOK;
  // The same path for every release: bundlers make ids out of paths.
  const work = path.join(folder, '.work', variant.name);
  rmSync(work, { recursive: true, force: true });
  fill(work, variant.sources, {
    __VARIANT__: variant.name,
    __VERSION__: version,
    __COLOUR__: look.colour,
    __MORE_COLOUR__: look.more,
    __SIDE__: look.side,
    ...thrown(FAULTS[version] ?? {}),
  });
  const out = path.join(folder, moduleOf(variant.name), version);
  mkdirSync(out, { recursive: true });
  await tools[variant.tool].card({ from: work, out, name: containerOf(variant.name), ...variant.options });
  const lacking = LACKING[version]?.(filesIn(out).filter((file) => /\.m?js$/.test(file)), `${variant.name} ${version}`) ?? [];
  if (LACKING[version] && !lacking.length) throw new Error(`${variant.name} ${version} has no file that it could lack`);
  for (const file of lacking) rmSync(file);
}

async function buildPage(tools, folder, consumer) {
  const work = path.join(folder, '.work', `page-${consumer.name}`);
  fill(work, ['consumer'], {});
  const out = path.join(folder, `page-${consumer.name}`, '1.0.0');
  mkdirSync(out, { recursive: true });
  const remote = { container: containerOf(consumer.remote), url: `/m/${moduleOf(consumer.remote)}/${consumer.file}` };
  await tools[consumer.tool].page({ from: work, out, name: `page_${consumer.name.replaceAll('-', '_')}`, remote });
}

async function main(wanted) {
  install();
  const folder = path.join(output, wanted.length ? 'draft' : digest());
  if (existsSync(folder) && !wanted.length) return console.log(`up to date: ${folder}`);
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    // The sources are built outside of this folder, so they need a way to the packages.
    symlinkSync(path.join(here, 'node_modules'), path.join(draft, 'node_modules'));
    const tools = await import('./tools.mjs');
    const chosen = (list) => list.filter(({ name }) => !wanted.length || wanted.includes(name));
    for (const variant of chosen(VARIANTS)) {
      const start = performance.now();
      const versions = [...Object.keys(RELEASES), ...(variant.faults ? Object.keys(FAULTS) : [])];
      for (const version of versions) await buildCard(tools, draft, variant, version);
      console.log(`${moduleOf(variant.name)}: ${versions.length} in ${Math.round(performance.now() - start)} ms`);
    }
    for (const consumer of chosen(CONSUMERS)) {
      const start = performance.now();
      await buildPage(tools, draft, consumer);
      console.log(`page-${consumer.name} in ${Math.round(performance.now() - start)} ms`);
    }
    rmSync(path.join(draft, '.work'), { recursive: true });
    rmSync(path.join(draft, 'node_modules'));
    if (wanted.length) rmSync(folder, { recursive: true, force: true });
    else for (const name of readdirSync(output)) if (!`${draft}`.endsWith(name)) rmSync(path.join(output, name), { recursive: true, force: true });
    renameSync(draft, folder);
  } catch (error) {
    if (!process.env.KEEP) rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
