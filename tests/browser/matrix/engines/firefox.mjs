// Debian's firefox-esr, by puppeteer-core over WebDriver BiDi.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import puppeteer from 'puppeteer-core';
import { record, recorded } from './record.mjs';

const FIREFOX = '/usr/bin/firefox-esr';

export const name = 'Firefox';

let browser;
let home;

async function launched() {
  if (browser) return browser;
  if (!existsSync(FIREFOX)) throw new Error(`${FIREFOX} is missing; install it: apt-get install firefox-esr`);
  home = await mkdtemp(path.join(tmpdir(), 'berth-firefox-'));
  browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true, env: { ...process.env, HOME: home } });
  return browser;
}

after(async () => {
  await browser?.close();
  if (home) await rm(home, { recursive: true, force: true, maxRetries: 5 });
});

export async function open(test, url) {
  const context = await (await launched()).createBrowserContext();
  test.after(() => context.close());
  const page = await context.newPage();
  const failed = [];
  page.on('requestfailed', (request) => /\.(js|mjs|css|json)$/.test(request.url()) && failed.push(`request failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on('response', (response) => response.status() >= 400 && failed.push(`${response.status()}: ${response.url()}`));
  await page.evaluateOnNewDocument(record);
  await page.goto(url);
  const common = await recorded((work, argument) => page.evaluate(work, argument));
  return {
    ...common,
    problems: async () => [...failed, ...(await common.problems())],
    reacts: () => page.evaluate(() => ({ reactDoms: window.__seen.renderers.length, reacts: new Set(window.__seen.renderers).size })),
  };
}
