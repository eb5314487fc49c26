// Start-up and memory with 10,000 versions of 300 files, and lookups among them.
//
//   node tests/bench/start.mjs [--rounds N] [--versions N]        (scripts/bench start)
//
// Twenty modules of 500 versions each. Five versions of a module are uploaded to the real server, a tenth of
// their files differ in name and contents; the rest are copies of their rows, made with Python's sqlite3 in the
// real database while the server is stopped, so that all share the blobs. One version of each module is live.
// A start runs from before the process is started until it says that it listens on the public address; the
// database is in the page cache. Memory is the resident set then. Lookups are requests on one kept connection,
// one after the other, with node's HTTP client.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { archive, disk, median, option, printMachine, quantile, request, serve } from './support/common.mjs';

const MODULES = 20, UPLOADED = 5, FILES = 300, FILE_BYTES = 3000, LOOKUPS = 2000;
const rounds = option('--rounds', 7);
const versions = option('--versions', 10000) / MODULES;
const data = mkdtempSync(path.join(os.tmpdir(), 'berth-bench-'));
process.on('exit', () => rmSync(data, { recursive: true, force: true }));
const name = (module) => `module-${String(module).padStart(2, '0')}`;

/** Rows like those of the uploaded versions, under further versions, in turn by module. */
const FILL = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
modules, uploaded, versions = (int(text) for text in sys.argv[2:])
[(schema,)] = db.execute("PRAGMA user_version")
if schema != 5: sys.exit(f"schema {schema} is not known here")
made = {}
for id, module in db.execute("SELECT id, module FROM versions ORDER BY id"):
    made.setdefault(module, []).append(id)
columns = "digest, archive_digest, archive_bytes, bytes, created_ms, created_by, compression"
for number in range(uploaded, versions):
    for module, ids in made.items():
        like = ids[number % uploaded]
        id = db.execute(f"INSERT INTO versions (module, version, {columns}) SELECT module, ?, {columns} FROM versions WHERE id = ?",
                        (f"1.0.{number}", like)).lastrowid
        db.execute("INSERT INTO descriptions SELECT ?, json FROM descriptions WHERE version = ?", (id, like))
        db.execute("INSERT INTO assets SELECT ?, path, digest, bytes FROM assets WHERE version = ?", (id, like))
        db.execute("UPDATE paths SET newest = ? WHERE module = ? AND path IN (SELECT path FROM assets WHERE version = ?)",
                   (id, module, id))
db.commit()
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
print(*db.execute("SELECT (SELECT count(*) FROM versions), (SELECT count(*) FROM assets)").fetchone())
`;

function bundle(module, number) {
  const files = { 'remoteEntry.js': `export const get = () => '${module} ${number}';\n` };
  for (let i = 1; i < FILES; i++) {
    const own = i % 10 === 0;
    const text = `export const part = '${module} ${i} ${own ? number : ''}';\n`;
    files[own ? `assets/part-${i}.${number}${module}.js` : `assets/part-${i}.js`] = text.padEnd(FILE_BYTES, '// the same again and again\n');
  }
  return archive(files, 1);
}

async function fill() {
  const server = await serve(data);
  const headers = { authorization: `Bearer ${server.token}` };
  for (let number = 0; number < UPLOADED; number++) {
    for (let module = 0; module < MODULES; module++) {
      const query = number === 1 ? '?activate=true' : '';
      const answer = await request(undefined, server.admin, { method: 'PUT', path: `/api/modules/${name(module)}/versions/1.0.${number}${query}`, headers, body: bundle(module, number) });
      if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${answer.body}`);
    }
  }
  await server.stop();
  const counts = execFileSync('python3', ['-c', FILL, path.join(data, 'db'), MODULES, UPLOADED, versions].map(String), { encoding: 'utf8' });
  return counts.trim().split(' ').map(Number);
}

/** Times of requests for what `target` says, in us; all must have the status. */
async function look(server, agent, status, target) {
  const times = [];
  for (let i = 0; i < LOOKUPS; i++) {
    const begin = performance.now();
    const answer = await request(agent, server.listen, { path: target(i) });
    times.push((performance.now() - begin) * 1000);
    if (answer.status !== status) throw new Error(`${target(i)}: ${answer.status} ${answer.body}`);
  }
  return times;
}

const [versionCount, assetCount] = await fill();
printMachine(`disk      ${disk(data)}, database of ${(statSync(path.join(data, 'db')).size / 1e6).toFixed(0)} MB`, `options   the defaults of berth serve; ${rounds} starts`);
console.log(`\n${versionCount} versions of ${MODULES} modules, ${assetCount} files\n`);
const starts = [];
let server;
for (let round = 0; round < rounds; round++) {
  await server?.stop();
  server = await serve(data);
  starts.push({ ms: server.ms, resident: server.memory('VmRSS'), most: server.memory('VmHWM') });
}
const print = (what, values, digits = 0) => console.log(`${what.padEnd(40)}${[median(values), Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits).padStart(9)).join('')}`);
console.log(`${''.padEnd(40)}${['median', 'least', 'most'].map((column) => column.padStart(9)).join('')}`);
print('start, ms', starts.map(({ ms }) => ms));
print('memory then, MB', starts.map(({ resident }) => resident));
print('most memory until then, MB', starts.map(({ most }) => most));

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const part = (i) => 1 + ((i * 7) % 9);
const lookups = [
  ['a file of a live version', 200, (i) => `/m/${name(i % MODULES)}@1.0.1/assets/part-${part(i)}.js`],
  ['a file of another version, the first time', 200, (i) => `/m/${name(i % MODULES)}@1.0.${2 + Math.floor(i / MODULES) * 2 % (versions - 2)}/assets/part-${part(i)}.js`],
  ['the same files again', 200, (i) => `/m/${name(i % MODULES)}@1.0.${2 + Math.floor(i / MODULES) * 2 % (versions - 2)}/assets/part-${part(i)}.js`],
  ['an alias that the live version has', 302, (i) => `/m/${name(i % MODULES)}/assets/part-${part(i)}.js`],
  ['an alias that older versions have', 302, (i) => `/m/${name(i % MODULES)}/assets/part-10.${3}${i % MODULES}.js`],
  ['an alias that none has', 404, () => `/m/${name(7)}/assets/${randomBytes(6).toString('hex')}.js`],
];
await look(server, agent, ...lookups[0].slice(1)); // warm
console.log(`\nlookups, us, ${LOOKUPS} each\n\n${''.padEnd(44)}${['p50', 'p95', 'p99'].map((column) => column.padStart(9)).join('')}`);
for (const [what, status, target] of lookups) {
  const times = await look(server, agent, status, target);
  console.log(`${what.padEnd(44)}${[0.5, 0.95, 0.99].map((q) => quantile(times, q).toFixed(0).padStart(9)).join('')}`);
}
console.log(`\nmemory after them ${server.memory('VmRSS').toFixed(0)} MB`);
agent.destroy();
await server.stop();
