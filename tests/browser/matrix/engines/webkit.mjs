// WebKitGTK's MiniBrowser under Xvfb, by WebKitWebDriver and the W3C WebDriver protocol.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { record, recorded } from './record.mjs';

const MINI_BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';
const DRIVER = '/usr/bin/WebKitWebDriver';

export const name = 'WebKit';

const children = [];
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

let driver;
let home;

/** Xvfb picks a display that is free, and says which. */
async function startDisplay() {
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  children.push(child);
  const failed = new Promise((_, reject) => child.once('error', reject).once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`))));
  const lines = createInterface({ input: child.stdio[3] });
  const number = await Promise.race([new Promise((resolve) => lines.once('line', resolve)), failed]);
  failed.catch(() => {});
  return `:${number}`;
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function command(method, where, body) {
  const answer = await fetch(`${driver}${where}`, { method, body: body && JSON.stringify(body) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

async function launched() {
  if (driver) return;
  for (const file of [DRIVER, MINI_BROWSER, '/usr/bin/Xvfb']) {
    if (!existsSync(file)) throw new Error(`${file} is missing; install it: apt-get install webkit2gtk-driver libwebkit2gtk-4.1-0 xvfb`);
  }
  home = await mkdtemp(path.join(tmpdir(), 'berth-webkit-'));
  const xdg = Object.fromEntries(['CONFIG_HOME', 'DATA_HOME', 'CACHE_HOME', 'RUNTIME_DIR'].map((folder) => [`XDG_${folder}`, home]));
  const env = { ...process.env, ...xdg, HOME: home, DISPLAY: await startDisplay(), DBUS_SESSION_BUS_ADDRESS: 'disabled:', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' };
  const port = await freePort();
  const child = spawn(DRIVER, [`--port=${port}`, '--host=127.0.0.1'], { env, stdio: 'ignore' });
  children.push(child);
  driver = `http://127.0.0.1:${port}`;
  for (;;) {
    // The driver does not say when it listens; a refused connection does.
    const status = await command('GET', '/status').catch((error) => error);
    if (!(status instanceof Error)) return;
    if (child.exitCode !== null) throw new Error(`WebKitWebDriver ended with ${child.exitCode}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

after(async () => {
  for (const child of children) child.kill();
  if (home) await rm(home, { recursive: true, force: true, maxRetries: 5 });
});

export async function open(test, url) {
  await launched();
  const capabilities = {
    alwaysMatch: {
      timeouts: { script: 30_000, pageLoad: 30_000 },
      'webkitgtk:browserOptions': { binary: MINI_BROWSER, args: ['--automation'] },
    },
  };
  const { sessionId } = await command('POST', '/session', { capabilities });
  const session = `/session/${sessionId}`;
  test.after(() => command('DELETE', session));
  await command('POST', `${session}/url`, { url });

  async function evaluate(work, argument) {
    const script = `const done = arguments[1]; Promise.resolve(arguments[0]).then(${work}).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await command('POST', `${session}/execute/async`, { script, args: [argument ?? null] });
    if (error) throw new Error(error);
    return value;
  }
  await evaluate(record);
  return recorded(evaluate);
}
