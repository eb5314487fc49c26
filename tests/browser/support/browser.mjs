// Debian's Chromium, with a profile that is new and empty; each visit has a context of its own.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { chromium } from './playwright.mjs';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** How long a page may take; what must be quick says so itself. */
const PATIENCE_MS = 15_000;

let browser;
let profile;

async function launched() {
  if (browser) return browser;
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing; install it: apt-get install chromium`);
  profile = await mkdtemp(path.join(tmpdir(), 'berth-chromium-'));
  // Playwright makes the user-data-dir, and --headless; HOME is for what Chromium writes beside it. It takes the
  // back/forward cache away, which everybody's browser has.
  browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGS, ignoreDefaultArgs: ['--disable-back-forward-cache'], env: { ...process.env, HOME: profile } });
  return browser;
}

after(async () => {
  await browser?.close();
  if (profile) await rm(profile, { recursive: true, force: true, maxRetries: 5 });
});

/** A context for the length of a test: its tabs share cache, locks and channels. */
export async function newContext(test, options) {
  const context = await (await launched()).newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  test.after(() => context.close());
  return context;
}

/** Runs in the page before anything of it: records what must not happen, and every look the header had. */
function record() {
  const seen = { violations: [], looks: [] };
  Object.defineProperty(window, '__seen', { value: seen });
  document.addEventListener('securitypolicyviolation', (event) => seen.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));

  // React tells this hook of every copy of react-dom that is evaluated, and which React it works with.
  const renderers = [];
  seen.renderers = renderers;
  window.__REACT_DEVTOOLS_GLOBAL_HOOK__ = {
    supportsFiber: true,
    inject: (renderer) => renderers.push(renderer.currentDispatcherRef),
    onCommitFiberRoot() {},
    onCommitFiberUnmount() {},
    onPostCommitFiberRoot() {},
  };

  const look = () => {
    const headers = [...document.querySelectorAll('.app-header')];
    const now = headers.filter((header) => header.getClientRects().length).map((header) => `${header.dataset.version ?? '?'} ${getComputedStyle(header).backgroundColor}`);
    const text = now.join(' + ') || 'none';
    if (seen.looks.at(-1) !== text) seen.looks.push(text);
  };
  // Before a frame is drawn, and as soon as it has been: what was painted is what both saw.
  const painted = new MessageChannel();
  painted.port1.onmessage = look;
  const frame = () => {
    look();
    painted.port2.postMessage(null);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** One open page, and all that went wrong in it. */
export class Visit {
  /** Console errors, exceptions, failed requests and answers from 400 on. */
  problems = [];
  /** URLs of scripts that ran. */
  scripts = [];
  requested = [];

  static async open(context, url) {
    const visit = await this.blank(context);
    await visit.goto(url);
    return visit;
  }

  /** The page before it goes anywhere. */
  static async blank(context) {
    const visit = new this();
    const page = (visit.page = await context.newPage());
    await page.addInitScript(record);
    page.on('console', (message) => message.type() === 'error' && visit.problems.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => visit.problems.push(`exception: ${error.message}`));
    page.on('requestfailed', (request) => visit.#failed(request));
    page.on('request', (request) => visit.requested.push(new URL(request.url()).pathname));
    page.on('response', (response) => response.status() >= 400 && visit.problems.push(`${response.status()}: ${response.url()}`));
    const session = await context.newCDPSession(page);
    session.on('Debugger.scriptParsed', ({ url }) => url && visit.scripts.push(url));
    await session.send('Debugger.enable');
    return visit;
  }

  #failed(request) {
    const error = request.failure()?.errorText;
    if (request.resourceType() === 'image' && error === 'net::ERR_ABORTED') return; // the next picture was asked for
    this.problems.push(`request failed: ${request.url()} ${error}`);
  }

  async goto(url) {
    const response = await this.page.goto(url);
    // Gone if the page is ever left or loaded again.
    this.mark = await this.page.evaluate(() => (window.__seen.mark = crypto.randomUUID?.() ?? String(Math.random())));
    return response;
  }

  /** Waits until the page has asked for a path. */
  async asks(path) {
    if (!this.requested.includes(path)) await this.page.waitForRequest(`**${path}`);
  }

  /** Waits until exactly one header is there, and it is this release. */
  async showsHeader(version, timeout = PATIENCE_MS) {
    const only = (wanted) => {
      const headers = document.querySelectorAll('[data-testid=header]');
      return headers.length === 1 && headers[0].dataset.version === wanted && headers[0].getClientRects().length > 0;
    };
    await this.page.waitForFunction(only, version, { timeout }).catch(async (error) => {
      const looks = await this.page.evaluate(() => window.__seen.looks);
      throw new Error(`header ${version} did not come in ${timeout} ms; seen: ${looks.join(', ')}; problems: ${this.problems.join('; ') || 'none'}`, { cause: error });
    });
  }

  header() {
    return this.page.evaluate(() => {
      const header = document.querySelector('[data-testid=header]');
      const { backgroundColor, borderBottomWidth, borderBottomColor, borderBottomLeftRadius } = getComputedStyle(header);
      const badge = getComputedStyle(header.querySelector('[data-testid=header-version]'));
      return {
        version: header.dataset.version,
        text: header.querySelector('[data-testid=header-version]').innerText,
        backgroundColor,
        border: borderBottomWidth === '0px' ? 'none' : `${borderBottomWidth} ${borderBottomColor}`,
        radius: borderBottomLeftRadius,
        badge: `${badge.color} on ${badge.backgroundColor}, ${badge.borderTopLeftRadius}`,
      };
    });
  }

  /** All that was ever painted of the header since it first came: releases and their colours. */
  async looks() {
    const [first, ...rest] = await this.page.evaluate(async () => {
      for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve)); // what is on its way too
      return window.__seen.looks;
    });
    return first === 'none' ? rest : [first, ...rest];
  }

  /** Opens the lazy part of header 1.1.0; returns how it looks. */
  async openDetails() {
    await this.page.getByRole('button', { name: 'Show details' }).click();
    const details = this.page.getByTestId('header-details');
    await details.waitFor();
    return details.evaluate((element) => ({
      display: getComputedStyle(element).display,
      term: getComputedStyle(element.querySelector('dt')).color,
      base: element.querySelector('[data-testid=header-base]').innerText,
    }));
  }

  async click(times) {
    const button = this.page.getByRole('button', { name: 'Get Another Image' });
    for (let i = 0; i < times; i++) await button.click();
  }

  clicks() {
    return this.page.getByTestId('clicks').innerText();
  }

  /** Waits until the picture is drawn; returns its path. */
  async picture() {
    const image = this.page.getByTestId('picture');
    const path = await image.evaluate(async (element) => {
      await element.decode();
      return new URL(element.currentSrc).pathname;
    });
    return path;
  }

  /** `kept` fails if the page was left or loaded again since it was opened. */
  async kept() {
    const { mark, navigations } = await this.page.evaluate(() => ({
      mark: window.__seen.mark,
      navigations: performance.getEntriesByType('navigation').map(({ type }) => type),
    }));
    assert.equal(mark, this.mark, 'the page was loaded again');
    assert.deepEqual(navigations, ['navigate']);
  }

  /** How many copies of react-dom ran, and how many of React they work with. */
  async reacts() {
    return this.page.evaluate(() => ({ reactDoms: window.__seen.renderers.length, reacts: new Set(window.__seen.renderers).size }));
  }

  /** Paths of the scripts that ran and are one of `names`. */
  ran(names) {
    return this.scripts.map((url) => new URL(url).pathname).filter((path) => names.includes(path.split('/').pop()));
  }

  async violations() {
    return this.page.evaluate(() => window.__seen.violations);
  }

  /** Nothing went wrong so far. */
  async isClean() {
    assert.deepEqual(await this.violations(), []);
    assert.deepEqual(this.problems, []);
  }
}
