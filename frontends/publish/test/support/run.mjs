// Programs, in an environment that tells nothing of a server but what a test says.
import { spawn } from 'node:child_process';

const { BERTH_SERVER: _server, BERTH_TOKEN: _token, BERTH_MODULE: _module, BERTH_VERSION: _version, ...environment } = process.env;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export function start(args, { cwd, env = {} }) {
  const child = spawn(process.execPath, args, { cwd, env: { ...environment, ...env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.out = '';
  child.err = '';
  child.stdout.on('data', (text) => (child.out += text));
  child.stderr.on('data', (text) => (child.err += text));
  child.ended = new Promise((resolve) =>
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, out: child.out, err: child.err, all: child.out + child.err });
    }),
  );
  return child;
}

/** Runs a script of Node to its end. */
export const run = (args, options = {}) => start(args, options).ended;

/** Waits until a program that runs has said it, on either stream. */
export function said(child, text) {
  return new Promise((resolve, reject) => {
    const all = () => child.out + child.err;
    const timer = setTimeout(() => settle(() => reject(new Error(`never said: ${text}\n${all()}`))), 20_000);
    const look = () => all().includes(text) && settle(resolve);
    const settle = (how) => {
      clearTimeout(timer);
      child.stdout.off('data', look);
      child.stderr.off('data', look);
      how();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    look();
  });
}
