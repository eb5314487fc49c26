// Debian's Chromium, one for all tests; a context of its own for each.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launch() {
  const home = await mkdtemp(join(tmpdir(), 'berth-shell-home-'));
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ARGS,
    env: { ...process.env, HOME: home },
  });
  return {
    newContext: () => browser.newContext(),
    async close() {
      await browser.close();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Waits for a condition; no test sleeps. */
export async function until(what, condition, ms = 15_000) {
  const deadline = Date.now() + ms;
  let last;
  for (;;) {
    try {
      last = await condition();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`never came: ${what} (last: ${String(last)})`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Opens a URL and records what must not happen (violations) and what was seen on the way (texts of each frame). */
export async function open(context, url) {
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`),
    );
    window.frames_ = {};
    const sample = () => {
      for (const slot of document.querySelectorAll('[data-berth-slot]')) {
        const seen = (window.frames_[slot.dataset.berthSlot] ??= []);
        if (seen.at(-1) !== slot.innerText) seen.push(slot.innerText);
      }
      requestAnimationFrame(sample);
    };
    requestAnimationFrame(sample);
  });
  const consoleLines = [];
  page.on('console', (message) => consoleLines.push(message.text()));
  page.on('pageerror', (error) => consoleLines.push(error.message));
  await page.goto(url);
  const slot = (name) => `[data-berth-slot="${name}"]`;
  return {
    page,
    console: consoleLines,
    text: (selector) => page.evaluate((at) => document.querySelector(at)?.innerText ?? null, selector),
    colour: (selector) => page.evaluate((at) => getComputedStyle(document.querySelector(at)).color, selector),
    slot,
    shows: (name, text) =>
      until(`"${text}" in ${name}`, () =>
        page.evaluate(([at, wanted]) => document.querySelector(at)?.innerText.includes(wanted), [slot(name), text]),
      ),
    has: (selector, text) =>
      until(`"${text}" in ${selector}`, () =>
        page.evaluate(([at, wanted]) => document.querySelector(at)?.innerText.includes(wanted), [selector, text]),
      ),
    click: (selector) => page.evaluate((at) => document.querySelector(at).click(), selector),
    status: (module) =>
      page.evaluate((name) => window.__BERTH__.modules().find((each) => each.module === name), module),
    reacts: () => page.evaluate(() => window.reacts.size),
    frames: (name) => page.evaluate((at) => window.frames_[at], name),
    violations: () => page.evaluate(() => window.violations),
  };
}
