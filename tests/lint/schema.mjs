// The schemas in manifests/ and the server's own rules take and refuse the same pages and berth.json
// files: both read tests/data/pages and tests/data/berth-json (see their README.md). Says what differs
// and fails if anything does.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let Ajv;
try {
  ({ default: Ajv } = await import('ajv/dist/2020.js'));
} catch {
  console.error('ajv is not installed: run npm ci in tests/lint (scripts/test does)');
  process.exit(1);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const files = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json'))
    .map((name) => `${folder}/${name}`);

const compile = (path) =>
  new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(read(path));
let validate = compile('manifests/page.schema.json');
let checked = 0;
let failed = 0;
const check = (path, manifest, good) => {
  checked++;
  if (validate(manifest) === good) return;
  failed++;
  const why = good ? validate.errors.map((e) => `${e.instancePath} ${e.message}`).join('; ') : '';
  console.error(`${path}: ${good ? `refused by the schema: ${why}` : 'taken by the schema'}`);
};

for (const path of files('manifests')) check(path, read(path), true);
for (const path of files('tests/data/pages/good')) check(path, read(path), true);
for (const path of files('tests/data/pages/bad')) check(path, read(path).manifest, false);
for (const path of files('tests/data/pages/bad-beyond-schema')) {
  check(path, read(path).manifest, true);
}

validate = compile('manifests/berth.schema.json');
for (const path of files('tests/data/berth-json/good')) check(path, read(path), true);
for (const path of files('tests/data/berth-json/bad')) check(path, read(path).manifest, false);

console.log(`${checked} manifests checked, ${failed} differ`);
process.exit(failed || checked < 150 ? 1 : 0);
