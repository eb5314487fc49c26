// What an activation costs the server with many pages, and each first look at a page after it.
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { archive, median, request, root, serve } from './common.mjs';

const COUNTS = [1, 100, 1000];

/** CPU time so far of all threads but those that compress in the background, which have the lowest priority; in ms. */
function cpu(pid) {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [, , , , , , , , , , , , , , , , nice] = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8').split(') ')[1].split(' ');
      if (nice === '0') total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // It has ended.
    }
  }
  return total / 1e6;
}

class Site {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  #headers;

  constructor(server) {
    this.server = server;
    this.#headers = { authorization: `Bearer ${server.token}` };
  }

  async #admin(method, target, body, type = 'application/json') {
    const headers = { ...this.#headers, 'content-type': type };
    const answer = await request(this.#agent, this.server.admin, { method, path: target, headers, body });
    if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body);
  }

  upload(module, version, folder) {
    const names = readdirSync(folder, { recursive: true }).filter((name) => statSync(path.join(folder, name)).isFile());
    const files = Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name))]));
    return this.#admin('PUT', `/api/modules/${module}/versions/${version}`, archive(files), 'application/gzip');
  }

  activate(module, version) {
    return this.#admin('PUT', `/api/modules/${module}/live`, Buffer.from(JSON.stringify({ version })));
  }

  putPage(i, slots) {
    const page = { path: `/p${i}`, title: `Page ${i}`, slots };
    return this.#admin('PUT', `/api/pages/p${i}`, Buffer.from(JSON.stringify(page)));
  }

  async read(target) {
    const { status } = await request(this.#agent, this.server.listen, { path: target, headers: { 'accept-encoding': 'gzip' } });
    if (status !== 200) throw new Error(`${target}: ${status}`);
  }

  close() {
    this.#agent.destroy();
  }
}

/** The header is on all pages, the other module on the first. */
async function fill(site, count) {
  const build = (version) => path.join(root, 'frontends/header-app/dist', version);
  for (const module of ['header-app', 'other-app'])
    for (const version of ['1.0.0', '1.1.0']) await site.upload(module, version, build(version));
  for (const module of ['header-app', 'other-app']) await site.activate(module, '1.0.0');
  for (let i = 0; i < count; i++) {
    const modules = i ? ['header-app'] : ['header-app', 'other-app'];
    await site.putPage(i, modules.map((module) => ({ name: module, module, expose: './Header', fallback: '<p>…</p>' })));
  }
}

/** Medians of single activations: CPU of all threads until the answer, and until it came. */
async function activations(site, module, rounds) {
  const times = { cpu: [], ms: [] };
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now(), before = cpu(site.server.pid);
    await site.activate(module, round % 2 ? '1.0.0' : '1.1.0');
    times.ms.push(performance.now() - begin);
    times.cpu.push(cpu(site.server.pid) - before);
  }
  return { cpu: median(times.cpu), ms: median(times.ms) };
}

/** Of each page of at most 100, once and once more: CPU for each. */
async function looks(site, count) {
  const pages = Math.min(count, 100);
  const each = async () => {
    const before = cpu(site.server.pid);
    for (let i = 0; i < pages; i++) await site.read(`/p${i}`);
    return (cpu(site.server.pid) - before) / pages;
  };
  await site.activate('header-app', '1.1.0');
  await site.activate('header-app', '1.0.0');
  return [await each(), await each()];
}

export async function printPages(rounds) {
  console.log(`\nactivation with many pages, ${rounds} each: CPU of the server, until the answer, and of a GET of a page after it; ms\n`);
  const names = ['pages', 'CPU: on all', 'answered', 'CPU: on one', 'answered', 'first GET', 'next GET', 'RSS MB'];
  console.log(names.map((name) => name.padStart(12)).join(''));
  for (const count of COUNTS) {
    const data = mkdtempSync(path.join(os.tmpdir(), 'berth-bench-'));
    const site = new Site(await serve(data));
    await fill(site, count);
    const all = await activations(site, 'header-app', rounds);
    const one = await activations(site, 'other-app', rounds);
    const [first, next] = await looks(site, count);
    const cells = [all.cpu, all.ms, one.cpu, one.ms, first, next].map((ms) => ms.toFixed(2));
    console.log([count, ...cells, site.server.memory('VmRSS').toFixed(1)].map((cell) => String(cell).padStart(12)).join(''));
    site.close();
    await site.server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}
