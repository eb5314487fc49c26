// The real server with a data folder of its own, and the real `berth` command, used as people use them.
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { header, home, manifest } from './bundles.mjs';

const run = promisify(execFile);

const BERTH = process.env.BERTH_BIN;
if (!BERTH || !existsSync(BERTH)) {
  throw new Error(`BERTH_BIN names no file (${BERTH ?? 'not set'}); build the server and set it, or run: scripts/test --only browser`);
}

/** What of the caller's environment would change what the command does. */
const { BERTH_SERVER: _server, BERTH_TOKEN: _token, ...inherited } = process.env;
/** A server begins with nothing: a test that needs the console publishes it. */
const environment = { ...inherited, BERTH_CONSOLE: 'off' };

const processes = new Set();
process.on('exit', () => processes.forEach((child) => child.kill('SIGKILL')));

export class Server {
  /** All lines of the log, of all starts. */
  log = [];
  #waiting = new Set();
  #errors = '';
  #process;
  #exited;

  /** With `context` (of a test): stopped and removed after it. */
  static async start(context) {
    const server = new Server();
    server.data = await mkdtemp(path.join(tmpdir(), 'berth-browser-'));
    context.after(async () => {
      await server.stop();
      await rm(server.data, { recursive: true, force: true });
    });
    await server.restart();
    return server;
  }

  /** A server with 1.0.0 of both sample modules live, and their two pages. */
  static async withSamples(context) {
    const server = await Server.start(context);
    await server.activate('header-app', '1.0.0', header['1.0.0']);
    await server.activate('home-app', '1.0.0', home['1.0.0']);
    await server.putPages();
    return server;
  }

  /** Starts, or starts again on the same data and ports; `options` are further ones of `berth serve`. */
  async restart(options = []) {
    const { admin = '127.0.0.1:0', listen = '127.0.0.1:0' } = this;
    const from = this.log.length;
    const child = spawn(BERTH, ['serve', '--data', this.data, '--listen', listen, '--admin-listen', admin, '--drain-ms', '2000', ...options], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    processes.add(child);
    this.#errors = '';
    child.stderr.on('data', (text) => (this.#errors += text));
    createInterface({ input: child.stdout }).on('line', (text) => this.#take(text));
    this.#exited = new Promise((resolve) =>
      child.on('close', (code, signal) => {
        processes.delete(child);
        this.#process = undefined;
        this.#take(JSON.stringify({ event: 'exited', code, signal }));
        resolve({ code, signal });
      }),
    );
    for (const name of ['public', 'admin']) {
      const line = await this.logged(`listener ${name}`, ({ event, listener }) => event === 'exited' || (event === 'listening' && listener === name), from);
      if (line.event === 'exited') throw new Error(`the server did not start: ${this.#errors}`);
      this[name === 'public' ? 'listen' : 'admin'] = line.address;
    }
    this.token = readFileSync(path.join(this.data, 'admin.token'), 'utf8').trim();
  }

  /** With SIGTERM it drains; what it says on stderr (sanitizers do) fails the test. */
  async stop(signal = 'SIGTERM') {
    if (!this.#process) return;
    this.#process.kill(signal);
    const { code } = await this.#exited;
    if (signal === 'SIGTERM' && (code !== 0 || this.#errors)) throw new Error(`the server ended with ${code}: ${this.#errors}`);
  }

  get origin() {
    return `http://${this.listen}`;
  }

  #take(text) {
    const line = JSON.parse(text);
    this.log.push(line);
    for (const look of this.#waiting) look(line);
  }

  /** The first line of the log, now or later, that `matches`. */
  logged(what, matches, from = 0) {
    const known = this.log.slice(from).find(matches);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new Error(`never logged: ${what}`))), 10_000);
      const look = (line) => matches(line) && settle(() => resolve(line));
      const settle = (how) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        how();
      };
      this.#waiting.add(look);
    });
  }

  /** What the log has of requests to a path of the public listener. */
  requests(path) {
    return this.log.filter((line) => line.event === 'request' && line.listener === 'public' && line.path === path);
  }

  reports(module) {
    return this.log.filter((line) => line.event === 'report' && line.module === module);
  }

  /** `berth ARGUMENTS…`; returns what it prints. */
  async berth(...args) {
    const env = { ...environment, BERTH_SERVER: `http://${this.admin}`, BERTH_TOKEN: this.token };
    try {
      return (await run(BERTH, args, { env })).stdout;
    } catch (error) {
      throw new Error(`berth ${args.join(' ')} failed: ${error.stderr || error.message}`);
    }
  }

  /** A PUT of the admin API, where starting the command each time takes too long. */
  async put(path, body) {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const answer = await fetch(`http://${this.admin}${path}`, { method: 'PUT', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`);
  }

  /** Publishes a build and makes it live. */
  activate(module, version, folder) {
    return this.berth('push', `${module}@${version}`, folder, '--activate');
  }

  /** The two sample pages, as scripts/run publishes them. */
  async putPages() {
    await this.berth('page', 'put', manifest('front'));
    await this.berth('page', 'put', manifest('home'));
  }
}
