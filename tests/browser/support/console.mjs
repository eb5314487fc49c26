// The console on the admin listener, as a person uses it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Visit, newContext } from './browser.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const consoleFolder = path.join(root, 'frontends/console/dist/console');
if (!existsSync(path.join(consoleFolder, 'index.html'))) {
  throw new Error('the console is not built; run: (cd frontends/console && npm ci && npm run build), or scripts/test, which does');
}

export class Desk {
  /** Publishes the console on `server`, opens it in a tab of its own, and logs in. */
  static async open(test, server, options = {}) {
    const desk = await Desk.atLogin(test, server, options);
    await desk.login(options.token ?? server.token);
    return desk;
  }

  static async atLogin(test, server, { context, ...options } = {}) {
    if (!server.hasConsole) await server.activate('@berth/console', '0.1.0', consoleFolder);
    server.hasConsole = true;
    const desk = new Desk();
    desk.origin = `http://${server.admin}`;
    desk.visit = await Visit.blank(context ?? (await newContext(test, { viewport: { width: 1280, height: 800 }, ...options })));
    desk.page = desk.visit.page;
    await desk.page.goto(`${desk.origin}/`);
    return desk;
  }

  async login(token) {
    await this.page.getByLabel('Token').fill(token);
    await this.page.getByRole('button', { name: 'Log in' }).click();
    await this.page.getByRole('navigation').waitFor();
  }

  /** Goes to a view by its address, and waits until it has what it shows. */
  async goto(hash) {
    await this.page.evaluate((to) => (location.hash = to), hash);
    await this.settled();
  }

  async settled() {
    await this.page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('.loading'));
  }

  /** As the visit's, but for questions that are not waited for any more when another view is opened. */
  async isClean() {
    this.visit.problems = this.visit.problems.filter((text) => !/^request failed: \S+\/(api\/\S*|events) net::ERR_ABORTED$/.test(text));
    await this.visit.isClean();
  }

  /** axe-core's rules of WCAG 2.2 at the levels A and AA, on what is shown now. */
  async isAccessible(what) {
    // Through the debugger, which the page's policy does not hold for.
    await this.page.evaluate(axe);
    const found = await this.page.evaluate(() =>
      window.axe.run(document, { iframes: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
    );
    const told = found.violations.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.slice(0, 4).map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(' | ')}`);
    assert.deepEqual(told, [], what);
  }

  /** Nothing is cut off to the side. */
  async fits(what) {
    const over = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${what} is ${over} pixels too wide`);
  }
}
