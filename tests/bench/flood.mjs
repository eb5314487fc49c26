// What a small live file of one module costs its readers while others flood the server: p50, p99, and ratios.
//
//   node tests/bench/flood.mjs [--rounds N] [--only NAME] [--seconds N]        (scripts/bench flood)
//
// A reader asks for a file of 10 kB on a kept connection, and at times on a new one, every 2 ms. Windows of it
// alone, windows of it under a flood, and windows under the same flood of somebody else (an nginx that refuses
// everything) take turns, so that what else the machine does falls on all; a ratio is of one such round, and
// printed is their median. Whoever floods is a process of its own at the lowest priority. What its own work costs
// the reader, and the kernel's work for it, is what the reader sees of the flood of somebody else. The server has
// its defaults and all cores.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { archive, disk, median, option, printMachine, request } from './support/common.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const rounds = option('--rounds', 5);
const seconds = option('--seconds', 3);
const only = process.argv.includes('--only') && process.argv[process.argv.indexOf('--only') + 1];
const FLOODS = {
  nothing: 'the same again, for how much of a ratio is chance',
  uploads: '8 clients that upload new bundles of 1 MB, and do not wait where they are told to',
  small: '8 clients that upload new bundles of 1 kB',
  crowd: '160 clients of one module that ask for 8 MB and read nothing',
  reports: '16 clients that report failures without a pause',
  tokens: '16 clients that guess tokens without a pause',
};
const work = mkdtempSync(path.join(os.tmpdir(), 'berth-bench-flood-'));

/** Its log goes into a file, so that nobody has to read it meanwhile. */
async function startServer() {
  const [data, log] = [path.join(work, 'data'), path.join(work, 'log')];
  const child = spawn(process.env.BERTH_BIN, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--console', 'off'], { stdio: ['ignore', openSync(log, 'w'), 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  const listening = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'listening');
  while (listening().length < 2) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const address = (name) => listening().find(({ listener }) => listener === name).address;
  return { child, listen: address('public'), admin: address('admin'), token: readFileSync(path.join(data, 'admin.token'), 'utf8').trim() };
}

async function publish({ admin, token }, module, files) {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await request(undefined, admin, { method: 'PUT', path: `/api/modules/${module}/versions/1.0.0?activate=true`, headers, body: archive(files, 0) });
  if (answer.status !== 201) throw new Error(`${module}: ${answer.status} ${answer.body}`);
}

const NGINX = '/usr/sbin/nginx';

/** Somebody else for the flood: refuses uploads, reports and tokens without reading what is sent, and sends the crowd its file. */
async function startOther() {
  if (!existsSync(NGINX)) return undefined;
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const listen = `127.0.0.1:${free.address().port}`;
  await new Promise((resolve) => free.close(resolve));
  const www = path.join(work, 'www');
  mkdirSync(path.join(www, 'm/crowd@1.0.0'), { recursive: true });
  writeFileSync(path.join(www, 'm/crowd@1.0.0/big.bin'), BIG);
  const file = path.join(work, 'nginx.conf');
  writeFileSync(
    file,
    `${process.getuid() === 0 ? 'user root; ' : ''}worker_processes ${os.availableParallelism()}; daemon off; pid ${work}/nginx.pid; error_log ${work}/nginx.log;
events { worker_connections 2048; }
http {
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path ${work}/t; proxy_temp_path ${work}/t; fastcgi_temp_path ${work}/t; uwsgi_temp_path ${work}/t; scgi_temp_path ${work}/t;
  server {
    listen ${listen};
    location / { return 503; }
    location = /api/modules { return 429; }
    location /m/ { root ${www}; }
  }
}
`,
  );
  const child = spawn(NGINX, ['-c', file], { stdio: 'ignore' });
  process.on('exit', () => child.kill('SIGKILL'));
  for (let tries = 0; ; tries++) {
    try {
      await request(undefined, listen, { path: '/' });
      return { child, listen, admin: listen, token: '' };
    } catch (error) {
      if (tries === 400) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** A reader's times, in ms, in a process that does nothing else. */
async function read({ listen }) {
  const reader = fork(path.join(here, 'support/reader.mjs'), [listen, '/m/live@1.0.0/k10.bin', String(seconds)]);
  const [figures] = await once(reader, 'message');
  return figures;
}

async function startFlood(server, name) {
  if (name === 'nothing') return { stop: async () => ({}) };
  const flooder = fork(path.join(here, 'support/flooder.mjs'), [name, JSON.stringify({ listen: server.listen, admin: server.admin, token: server.token })]);
  await once(flooder, 'message'); // it is at work
  return {
    async stop() {
      flooder.send('stop');
      const [statuses] = await once(flooder, 'message');
      await once(flooder, 'exit');
      return statuses;
    },
  };
}

const BIG = Buffer.alloc(8 << 20, 'y');
const server = await startServer();
const other = await startOther();
const entry = 'export const mount = () => {};\n';
await publish(server, 'live', { 'remoteEntry.js': entry, 'k10.bin': Buffer.alloc(10_000, 'x') });
await publish(server, 'crowd', { 'remoteEntry.js': entry, 'big.bin': BIG });
printMachine(`disk      ${disk(work)}`, `options   the defaults of berth serve; ${rounds} rounds of windows of ${seconds} s`);
const titles = (q) => [q, 'flooded', 'ratio', 'other', 'ratio'];
console.log(`\nms${''.padEnd(8)}${[...titles('p50'), ...titles('p99')].map((text) => text.padStart(8)).join('')}   answers to the flood, each second`);

/** The reader's times while `target` is flooded. */
async function readFlooded(target, name, told) {
  const flood = await startFlood(target, name);
  const figures = await read(server);
  for (const [status, count] of Object.entries(await flood.stop())) told[status] = (told[status] ?? 0) + count;
  return figures;
}

await read(server);
for (const name of only ? [only] : Object.keys(FLOODS)) {
  const all = [];
  const [told, toldOther] = [{}, {}];
  for (let round = 0; round < rounds; round++)
    all.push({
      quiet: await read(server),
      flooded: await readFlooded(server, name, told),
      other: other && (await readFlooded(other, name, toldOther)),
    });
  const times = (q, who) => (all[0][who] ? median(all.map((one) => one[who][q])).toFixed(3) : '-');
  const ratio = (q, who) => (all[0][who] ? median(all.map((one) => one[who][q] / one.quiet[q])).toFixed(2) : '-');
  const cells = ['p50', 'p99'].flatMap((q) => [times(q, 'quiet'), times(q, 'flooded'), ratio(q, 'flooded'), times(q, 'other'), ratio(q, 'other')]);
  const answers = (counts) => Object.entries(counts).map(([status, count]) => `${status}: ${(count / (rounds * seconds)).toFixed(0)}`).join(', ');
  console.log(`${name.padEnd(10)}${cells.map((cell) => cell.padStart(8)).join('')}   ${answers(told)}${other && name !== 'nothing' ? `; other ${answers(toldOther)}` : ''}`);
}
console.log(`\n${Object.entries(FLOODS).map(([name, text]) => `${name.padEnd(10)}${text}`).join('\n')}`);
for (const { child } of [server, other].filter(Boolean)) {
  child.kill('SIGTERM');
  await once(child, 'exit');
}
rmSync(work, { recursive: true, force: true });
