// One open page from release to release of one module, and what must be seen on the way. Knows no engine.
import assert from 'node:assert/strict';
import path from 'node:path';
import { builds } from './build.mjs';
import { BROKEN_LOOK, FAULTS, RELEASES, consumerModule, moduleOf } from './variants.mjs';

/** How long a page may take to follow; far more than it needs. */
const PATIENCE_MS = 10_000;

export const cardFolder = (variant, version) => path.join(builds(), moduleOf(variant), version);

/** What is to be seen of a release, with or without its lazy part. */
export function lookOf(variant, version, open) {
  const { colour, more, side } = RELEASES[version] ?? BROKEN_LOOK;
  return {
    text: `${variant} ${version}`,
    colour,
    borders: side,
    more: open ? { text: `more of ${variant} ${version}`, colour: more, borders: side } : null,
  };
}

/** In the page: waits until what is seen is what is wanted. Returns what is seen instead, in the end. */
async function reach({ wanted, patience }) {
  const part = (element) => {
    const style = getComputedStyle(element);
    const borders = ['top', 'right', 'bottom', 'left'].filter((side) => style.getPropertyValue(`border-${side}-width`) !== '0px');
    return { text: element.innerText, colour: style.color, borders: borders.join() };
  };
  const look = () => {
    const cards = [...document.querySelectorAll('.card')].filter((card) => card.getClientRects().length);
    if (cards.length !== 1) return { cards: cards.length, page: document.body.innerText };
    const [card] = cards;
    const more = card.querySelector('[data-card=more]');
    return { ...part(card), text: card.querySelector('[data-card=text]').innerText, more: more && part(more) };
  };
  const deadline = performance.now() + patience;
  for (;;) {
    const seen = look();
    const done = JSON.stringify(seen) === JSON.stringify(wanted) || performance.now() > deadline;
    await new Promise((resolve) => requestAnimationFrame(resolve)); // so that `watch` sees it too
    if (done) return seen;
  }
}

/** In the page: notes the text and colour that the card has in each frame. */
function watch() {
  const looks = (window.__looks = []);
  const frame = () => {
    const cards = [...document.querySelectorAll('.card')].filter((card) => card.getClientRects().length);
    const now = cards.map((card) => `${card.querySelector('[data-card=text]').innerText}, ${getComputedStyle(card).color}`).join(' + ') || 'none';
    if (looks.at(-1) !== now) looks.push(now);
    requestAnimationFrame(frame);
  };
  frame();
}

const click = (selector) => document.querySelector(selector).click();

/** Paths that the page has loaded anything from. */
const loaded = () => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);

export class Walk {
  #known = new Set();

  constructor(server, page, variant) {
    Object.assign(this, { server, page, variant, module: moduleOf(variant) });
  }

  async sees(version, open = false) {
    const wanted = lookOf(this.variant, version, open);
    const seen = await this.page.evaluate(reach, { wanted, patience: PATIENCE_MS });
    assert.deepEqual(seen, wanted, `problems: ${(await this.page.problems()).join('; ') || 'none'}`);
  }

  watch() {
    return this.page.evaluate(watch);
  }

  /** What was seen of the card in all frames since `watch()`, one after the other, is these releases. */
  async sawOnly(...versions) {
    this.looks = await this.page.evaluate(() => window.__looks);
    const texts = this.looks.map((look) => look.replace(/, .*/, '')).filter((text, i, all) => text !== all[i - 1]);
    assert.deepEqual(texts, versions.map((version) => `${this.variant} ${version}`));
  }

  /** Each release in its own colour. */
  wasInColours() {
    const late = Object.keys(FAULTS).filter((version) => FAULTS[version].late);
    const looks = [...Object.entries(RELEASES), ...late.map((version) => [version, BROKEN_LOOK])];
    const own = looks.map(([version, { colour }]) => `${this.variant} ${version}, ${colour}`);
    assert.deepEqual(this.looks.filter((look) => !own.includes(look)), []);
  }

  makeLive(version) {
    return this.server.put(`/api/modules/${this.module}/live`, { version });
  }

  async activate(version) {
    await this.makeLive(version);
    await this.sees(version);
  }

  async openMore(version) {
    await this.page.evaluate(click, '.card [data-card=open]');
    await this.sees(version, true);
  }

  async click(selector) {
    await this.page.evaluate(click, selector);
  }

  text(selector) {
    return this.page.evaluate((which) => document.querySelector(which).innerText, selector);
  }

  /** The module's lasting URLs, which baked consumers start with; composed pages have none. */
  get live() {
    return ['remoteEntry.js', 'remoteEntry.mjs', 'mf-manifest.json'].map((file) => `/m/${this.module}/${file}`);
  }

  /** What the page has loaded of the module since it was last asked lies under the base of this release. */
  async loadedFrom(version) {
    const all = await this.page.evaluate(loaded);
    const fresh = all.filter((url) => !this.#known.has(url) && url.startsWith(`/m/${this.module}`) && !this.live.includes(url));
    fresh.forEach((url) => this.#known.add(url));
    assert.deepEqual(fresh.filter((url) => !url.startsWith(`/m/${this.module}@${version}/`)), []);
    return fresh;
  }

  async isClean() {
    assert.deepEqual(await this.page.problems(), []);
    assert.deepEqual(this.server.reports(this.module).filter(({ level }) => level === 'warn'), []);
    await this.page.kept();
  }
}

/** All files of a module that were asked for more than once. */
export function twice(server, module) {
  const counts = new Map();
  for (const { event, listener, path: url } of server.log) {
    if (event === 'request' && listener === 'public' && url.startsWith(`/m/${module}`)) counts.set(url, (counts.get(url) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 1).map(([url, count]) => `${url} ${count} times`);
}

/** Publishes all releases of a card, 1.0.0 of them live. */
export async function publishCard(server, variant, versions = Object.keys(RELEASES)) {
  const module = moduleOf(variant);
  for (const version of versions) await server.berth('push', `${module}@${version}`, cardFolder(variant, version));
  await server.put(`/api/modules/${module}/live`, { version: '1.0.0' });
}

/** A composed page that shows the card beside home-app's content. */
export const putPage = (server, { name, expose = './Card' }) =>
  server.put(`/api/pages/${name}`, {
    path: `/${name}`,
    title: name,
    slots: [
      { name: 'card', module: moduleOf(name), expose, fallback: '<p>The card is on its way.</p>' },
      { name: 'content', module: 'home-app', expose: './Content' },
    ],
  });

/** A consumer that was built with the card's URL, as a page of its own. */
export async function putConsumer(server, consumer) {
  const module = consumerModule(consumer);
  await server.activate(module, '1.0.0', path.join(builds(), module, '1.0.0'));
  await server.put(`/api/pages/${module}`, { path: `/${module}`, document: { module } });
}

/** What else is in a page, and must not notice: how to click it, and what it says of the clicks. */
export const NEIGHBOUR = { button: '[data-testid=content] button', says: '[data-testid=clicks]', once: 'Clicks: 1' };
export const OWN = { button: '[data-own=click]', says: '[data-own=clicks]', once: '1' };

/** v1, v2 with its lazy chunk, v1 with a late lazy chunk, v1.1, v2, v1. */
export async function walk(server, page, variant, neighbour) {
  const way = new Walk(server, page, variant.name);

  await way.sees('1.0.0');
  assert.notDeepEqual(await way.loadedFrom('1.0.0'), []);
  await way.click(neighbour.button);
  assert.equal(await way.text(neighbour.says), neighbour.once);
  await way.watch();

  await way.activate('2.0.0');
  await way.openMore('2.0.0');
  assert.notDeepEqual(await way.loadedFrom('2.0.0'), []);

  await way.activate('1.0.0');
  await way.openMore('1.0.0');
  await way.loadedFrom('1.0.0');

  await way.activate('1.1.0');
  await way.openMore('1.1.0');
  assert.notDeepEqual(await way.loadedFrom('1.1.0'), []);

  for (const version of ['2.0.0', '1.0.0']) {
    await way.activate(version);
    await way.openMore(version);
    assert.deepEqual(await way.loadedFrom(version), [], 'a release that was shown before is not loaded again');
  }

  assert.equal(await way.text(neighbour.says), neighbour.once, 'what is beside the card was mounted all the time');
  if (variant.react && page.reacts) assert.deepEqual(await page.reacts(), { reactDoms: 1, reacts: 1 });
  await way.sawOnly('1.0.0', '2.0.0', '1.0.0', '1.1.0', '2.0.0', '1.0.0');
  await way.isClean();
  return way;
}
