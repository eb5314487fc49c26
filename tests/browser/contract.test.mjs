// "The first five minutes" of the guide for module authors, followed to the letter: its files, its commands.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Visit, newContext } from './support/browser.mjs';
import { Server } from './support/server.mjs';

const shell = fileURLToPath(new URL('../../frontends/shell', import.meta.url));
const readme = readFileSync(path.join(shell, 'contract/README.md'), 'utf8');
const files = Object.fromEntries([...readme.matchAll(/```\w+ (\S+)\n(.*?)```/gs)].map(([, name, text]) => [name, text]));
const [commands] = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, text]) => text.trim().split('\n')).filter((lines) => lines[0].startsWith('npx esbuild'));

test('the first five minutes: a module is built, published, seen, and changed under the open page', { timeout: 60_000 }, async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-five-'));
  context.after(() => rm(folder, { recursive: true }));
  const server = await Server.start(context);
  const run = async (line) => {
    const [command, ...args] = line.split(' ');
    if (command === 'export') return assert.match(line, /^export BERTH_TOKEN=.*data\/admin\.token/); // as the server of a test says it
    if (command === 'npx') return execFileSync(path.join(shell, 'node_modules/.bin', args[0]), args.slice(1), { cwd: folder, stdio: 'pipe' });
    assert.equal(command, 'berth', line);
    // From the reader's folder, where the file names are.
    return server.berth(...args.map((arg) => (['dist', 'page.json'].includes(arg) ? path.join(folder, arg) : arg)));
  };

  for (const name of ['counter.js', 'page.json']) await writeFile(path.join(folder, name), files[name]);
  for (const line of commands) await run(line);
  const visit = await Visit.open(await newContext(context), `${server.origin}/counter`);
  await visit.page.getByText('Count: 4').click();
  await visit.page.getByText('Count: 5').waitFor();
  await visit.asks('/events');

  await writeFile(path.join(folder, 'counter.js'), files['counter.js'].replace('Count:', 'Clicked:'));
  await run(commands[0]);
  await run(/`(berth push counter@1\.1\.0 [^`]*)`/.exec(readme)[1]);
  await visit.page.getByText('Clicked: 5').click();
  await visit.page.getByText('Clicked: 6').waitFor();
  assert.equal(await visit.page.getByRole('button').count(), 1);
  await visit.kept();
  await visit.isClean();
});
