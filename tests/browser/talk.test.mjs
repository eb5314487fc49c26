// Modules that talk to each other: header-app counts the pictures that home-app was asked for, whichever is swapped.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Visit, newContext } from './support/browser.mjs';
import { header, home } from './support/bundles.mjs';
import { Server } from './support/server.mjs';

const shows = (visit, count) => visit.page.getByTestId('header-pictures').and(visit.page.getByText(`Pictures: ${count}`, { exact: true })).waitFor();

for (const [where, path] of [
  ['a composed page', '/'],
  ["home-app's own page", '/home'],
]) {
  test(`the header counts pictures across swaps of the header, on ${where}`, { timeout: 30_000 }, async (context) => {
    const server = await Server.withSamples(context);
    const visit = await Visit.open(await newContext(context), server.origin + path);
    await visit.showsHeader('1.0.0');
    assert.equal(await visit.page.getByTestId('header-pictures').count(), 0);
    await visit.click(2);
    await shows(visit, 2);
    await server.activate('header-app', '1.1.0', header['1.1.0']);
    await visit.showsHeader('1.1.0');
    await shows(visit, 2);
    await visit.click(1);
    await shows(visit, 3);
    await visit.isClean();
    await visit.kept();
  });
}

test('and across a swap of home-app', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const visit = await Visit.open(await newContext(context), server.origin);
  await visit.showsHeader('1.0.0');
  await visit.click(2);
  await shows(visit, 2);
  await server.activate('home-app', '1.0.1', home['1.0.0']);
  await visit.page.locator('[data-berth-version="1.0.1"] [data-testid=clicks]').getByText('Clicks: 0').waitFor();
  await visit.click(1);
  await shows(visit, 3);
  await visit.kept();
});
