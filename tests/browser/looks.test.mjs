// How the pages look, narrow and wide, light and dark. Screenshots are left in tests/output/screenshots.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Visit, newContext } from './support/browser.mjs';
import { brokenHeader, header, home, output } from './support/bundles.mjs';
import { Server } from './support/server.mjs';

const folder = path.join(output, 'screenshots');
mkdirSync(folder, { recursive: true });

const VIEWS = [360, 1280].flatMap((width) => ['light', 'dark'].map((colorScheme) => ({ width, colorScheme })));

/** Opens `url`, waits until `ready`, and looks at it in every view. */
async function look(context, name, url, ready) {
  const browser = await newContext(context, { reducedMotion: 'reduce' });
  await browser.addInitScript(() => (Math.random = () => 0)); // always the same picture
  const visit = await Visit.open(browser, url);
  await ready(visit);
  await visit.picture();
  for (const { width, colorScheme } of VIEWS) {
    await visit.page.setViewportSize({ width, height: 800 });
    await visit.page.emulateMedia({ colorScheme });
    await visit.page.screenshot({ path: path.join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    const wide = await visit.page.evaluate(() => ({
      page: document.documentElement.scrollWidth,
      out: [...document.body.querySelectorAll('*')].filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5).map((element) => `${element.tagName}.${element.className}`),
    }));
    assert.deepEqual(wide, { page: width, out: [] }, `${name} is wider than ${width} px`);
    assert.deepEqual(await unreadable(visit), [], `${name} at ${width} px, ${colorScheme}`);
  }
  assert.deepEqual(await visit.violations(), []);
}

/** The least contrast that small text needs (WCAG 2.2, 1.4.3). */
const CONTRAST = 4.5;

/** Texts with less than that. */
function unreadable(visit) {
  return visit.page.evaluate((least) => {
    const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
    const channel = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const backgroundOf = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if ((colour[3] ?? 1) === 1) return colour;
      }
      return matchMedia('(prefers-color-scheme: dark)').matches && getComputedStyle(document.documentElement).colorScheme.includes('dark') ? [18, 18, 18] : [255, 255, 255];
    };
    const texts = [...document.body.querySelectorAll('*')].filter(
      (element) => element.getClientRects().length && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()),
    );
    return texts.flatMap((element) => {
      const [lighter, darker] = [luminance(parse(getComputedStyle(element).color)), luminance(backgroundOf(element))].sort((a, b) => b - a);
      const ratio = (lighter + 0.05) / (darker + 0.05);
      return ratio < least ? [`${element.innerText.slice(0, 40)}: ${ratio.toFixed(2)}`] : [];
    });
  }, CONTRAST);
}

test('a composed page with header 1.1.0 and its details', { timeout: 60_000 }, async (context) => {
  const server = await Server.withSamples(context);
  await server.activate('header-app', '1.1.0', header['1.1.0']);
  await look(context, 'composed-1.1.0', server.origin, async (visit) => {
    await visit.showsHeader('1.1.0');
    await visit.openDetails();
  });
});

test("home-app's own page with header 1.0.0", { timeout: 60_000 }, async (context) => {
  const server = await Server.withSamples(context);
  await look(context, 'home-1.0.0', `${server.origin}/home`, (visit) => visit.showsHeader('1.0.0'));
});

test("home-app's own page without a header that works", { timeout: 60_000 }, async (context) => {
  const broken = await brokenHeader();
  // The only header there ever was: no other can be shown instead.
  const server = await Server.start(context);
  await server.activate('header-app', '1.2.0', broken['1.2.0']);
  await server.activate('home-app', '1.0.0', home['1.0.0']);
  await server.putPages();
  await look(context, 'home-broken', `${server.origin}/home`, (visit) => visit.page.getByTestId('header-notice').waitFor());
});

test('a composed page whose header never comes', { timeout: 60_000 }, async (context) => {
  const server = await Server.start(context);
  await server.activate('home-app', '1.0.0', home['1.0.0']);
  await server.putPages();
  await look(context, 'composed-fallback', server.origin, (visit) => visit.page.getByText('The header is on its way.').waitFor());
});

// home-app's own page says so with a meta element; the composed one stays white around a dark content.
test('a composed page is dark for who prefers that', { timeout: 30_000 }, async (context) => {
  const server = await Server.withSamples(context);
  const visit = await Visit.open(await newContext(context, { colorScheme: 'dark' }), server.origin);
  await visit.showsHeader('1.0.0');
  const canvas = await visit.page.evaluate(() => {
    document.body.style.backgroundColor = 'Canvas';
    return getComputedStyle(document.body).backgroundColor;
  });
  assert.notEqual(canvas, 'rgb(255, 255, 255)');
});
