// Open event streams: an activation until the last has it, memory for each; and idle connections.
//
//   node tests/bench/events.mjs [--rounds N]        (scripts/bench events)
//
// streams/streams.c holds the connections, in one thread. The time runs from before the PUT that activates is
// sent until the first, the middle and the last stream have read the event; server and client share the
// machine. Memory is that of a thread that waits for a connection, told by servers with few and with many, and
// what the resident set grew by as the streams were opened, for each. Idle connections have had one
// answer and are kept; the active ones are four that ask for a small file, one request after the other. Beyond
// --max-connections each new one is told 503.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { archive, median, option, printMachine, quantile, request, root } from './support/common.mjs';

const { Server } = await import('../browser/support/server.mjs');
const rounds = option('--rounds', 15);
const COUNTS = [1000, 10000], IDLE = 9000, REQUESTS = 8000, ACTIVE = 4;
const MAX = 10200, FEW = 40;
const OPTIONS = ['--max-connections', String(MAX), '--max-streams', '10000', '--keep-alive-ms', '600000', '--heartbeat-ms', '600000'];
const cleanups = [];
const work = mkdtempSync(path.join(os.tmpdir(), 'berth-bench-'));
cleanups.unshift(() => rmSync(work, { recursive: true, force: true }));
const program = path.join(work, 'streams');
execFileSync('cc', ['-std=c17', '-D_GNU_SOURCE', '-O2', '-o', program, path.join(root, 'tests/bench/streams/streams.c')]);

/** The client program; `say` gives the numbers of its answer. */
class Client {
  #waiting = [];
  constructor(address) {
    const [host, port] = address.split(':');
    this.process = spawn(program, [host, port], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.process.stdout }).on('line', (line) => this.#waiting.shift()(line.split(' ').slice(1).map(Number)));
    this.process.on('exit', (code) => code && process.exit(1));
  }
  say(line) {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.process.stdin.write(`${line}\n`);
    });
  }
  end() {
    this.process.stdin.end();
  }
}

const status = (pid, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

const pid = (server) => server.log.findLast(({ event }) => event === 'listening').pid;

/** CPU time so far, in ms: the kernel counts it in hundredths of a second. */
function cpu(server) {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

async function start(context) {
  const server = await Server.start(context);
  await server.stop();
  await server.restart(['--max-connections', String(FEW), '--max-streams', '20']);
  const few = status(pid(server), 'VmRSS');
  await server.stop();
  await server.restart(OPTIONS);
  server.pid = pid(server);
  server.thread = (status(server.pid, 'VmRSS') - few) / (MAX - FEW);
  for (const version of ['1.0.0', '2.0.0']) {
    const body = archive({ 'remoteEntry.js': `export const get = () => '${version}';\n` });
    const headers = { authorization: `Bearer ${server.token}` };
    const answer = await request(undefined, server.admin, { method: 'PUT', path: `/api/modules/menu/versions/${version}`, headers, body });
    if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${answer.body}`);
  }
  return server;
}

let generation = 0;

async function activate(server, client) {
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
  const awaited = client.say(`await ${++generation}`);
  const sent = (performance.timeOrigin + performance.now()) * 1000;
  const answer = await request(undefined, server.admin, { method: 'PUT', path: '/api/modules/menu/live', headers, body: Buffer.from(JSON.stringify({ version: `${1 + (generation % 2)}.0.0` })) });
  const answered = (performance.timeOrigin + performance.now()) * 1000;
  if (answer.status !== 200) throw new Error(`activate: ${answer.status} ${answer.body}`);
  const [had, ...times] = await awaited;
  return { had, answered: (answered - sent) / 1000, times: times.map((time) => (time - sent) / 1000) };
}

async function streams(server, wanted) {
  const before = status(server.pid, 'VmRSS');
  const client = new Client(server.listen);
  const [, took] = await client.say(`open ${wanted} /events`);
  const results = [];
  const before_ms = cpu(server);
  for (let round = 0; round < rounds; round++) results.push(await activate(server, client));
  const cpu_ms = (cpu(server) - before_ms) / rounds;
  const grown = status(server.pid, 'VmRSS') - before;
  client.end();
  return { opened: took / 1000, results, cpu_ms, each: server.thread + grown / wanted };
}

/** Latencies of requests on a few kept connections, in us. */
async function active(server) {
  const agents = Array.from({ length: ACTIVE }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
  const times = [];
  await Promise.all(
    agents.map(async (agent) => {
      for (let i = 0; i < REQUESTS / ACTIVE; i++) {
        const sent = performance.now();
        const { status: code } = await request(agent, server.listen, { path: '/m/menu@1.0.0/remoteEntry.js' });
        if (code !== 200) throw new Error(`an active connection got ${code}`);
        times.push((performance.now() - sent) * 1000);
      }
    }),
  );
  for (const agent of agents) agent.destroy();
  return times;
}

const context = { after: (what) => cleanups.unshift(what) };
const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
printMachine(`options   ${OPTIONS.join(' ')}; ulimit -Hn ${limit}; ${rounds} activations each`);
console.log(`\nactivation to streams that have it; ms\n`);
console.log(['streams', 'answered', 'first p50', 'middle p50', 'last p50', 'last p95', 'last most', 'CPU', 'kB each', 'opened ms'].map((name) => name.padStart(11)).join(''));
for (const wanted of COUNTS) {
  generation = 0;
  const server = await start(context);
  const { opened, results, cpu_ms, each } = await streams(server, wanted);
  const lost = results.filter(({ had }) => had !== wanted).length;
  if (lost) console.log(`${lost} activations did not reach all ${wanted} streams`);
  const last = results.map(({ times }) => times[2]);
  const cells = [wanted, median(results.map(({ answered }) => answered)).toFixed(1), ...[0, 1, 2].map((i) => median(results.map(({ times }) => times[i])).toFixed(1)), quantile(last, 0.95).toFixed(1), Math.max(...last).toFixed(1), cpu_ms.toFixed(0), each.toFixed(1), opened.toFixed(0)];
  console.log(cells.map((cell) => String(cell).padStart(11)).join(''));
  await server.stop();
}

console.log(`\n${ACTIVE} active connections beside idle ones, ${REQUESTS} requests a row; us\n`);
console.log(['idle', 'p50', 'p95', 'p99'].map((name) => name.padStart(11)).join(''));
const server = await start(context);
await active(server); // warm
const client = new Client(server.listen);
const figures = { 0: [], [IDLE]: [] };
for (let pair = 0; pair < 5; pair++) {
  figures[0].push(await active(server));
  await client.say(`open ${IDLE} /livez`);
  figures[IDLE].push(await active(server));
  if (pair < 4) await client.say('close');
}
for (const idle of [0, IDLE]) {
  const cells = [0.5, 0.95, 0.99].map((q) => median(figures[idle].map((times) => quantile(times, q))).toFixed(0));
  console.log([idle, ...cells].map((cell) => String(cell).padStart(11)).join(''));
}
await client.say(`open ${MAX - IDLE} /livez`);
const [refused, middle, most] = await client.say('refused 100');
console.log(`\nbeyond --max-connections: ${refused} of 100 told 503, median ${middle} us, at most ${most} us`);
client.end();
for (const cleanup of cleanups) await cleanup();
