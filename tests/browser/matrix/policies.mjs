// How a place takes the next release, for one engine: by what berth.json says of the expose, or the page of its slot.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { home } from '../support/bundles.mjs';
import { Server } from '../support/server.mjs';
import { moduleOf } from './variants.mjs';
import { cardFolder } from './walk.mjs';

const EXPOSE = './Card';
const NEXT = '2.0.0';

/** What a place does at the next release: what comes and goes in it, in this order, and what it shows then. */
const POLICIES = {
  component: { steps: [`+${NEXT}`, '-1.0.0'], shows: NEXT },
  remount: { steps: ['-1.0.0', `+${NEXT}`], shows: NEXT },
  pinned: { steps: [], shows: '1.0.0' },
  reload: { steps: [], shows: '1.0.0' },
};

/** 1.0.0 of a build whose berth.json has this policy, as a release of its own. */
function withPolicy(context, variant, policy) {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-policy-'));
  context.after(() => rmSync(folder, { recursive: true }));
  cpSync(cardFolder(variant, '1.0.0'), folder, { recursive: true });
  writeFileSync(path.join(folder, 'berth.json'), JSON.stringify({ exposes: { [EXPOSE]: { policy } } }));
  return folder;
}

const putPage = (server, module, name, slots) =>
  server.put(`/api/pages/${name}`, {
    path: `/${name}`,
    title: name,
    // Beside home-app, which brings react-dom.
    slots: [...slots.map((slot) => ({ module, expose: EXPOSE, fallback: `<p>${slot.name} is on its way.</p>`, ...slot })), { name: 'content', module: 'home-app', expose: './Content' }],
  });

/** In the page: what each slot shows, once all are as wanted or patience is at its end. */
async function reach({ wanted, patience }) {
  const look = () =>
    Object.fromEntries([...document.querySelectorAll('[data-berth-slot]:not([data-berth-slot=content])')].map((slot) => [slot.dataset.berthSlot, slot.querySelector('[data-card=text]')?.innerText ?? slot.innerText]));
  const deadline = performance.now() + patience;
  for (;;) {
    const seen = look();
    if (JSON.stringify(seen) === JSON.stringify(wanted) || performance.now() > deadline) return seen;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

/** In the page: notes for each slot what comes and goes in it, by version. */
function noteSteps() {
  window.steps = {};
  for (const slot of document.querySelectorAll('[data-berth-slot]:not([data-berth-slot=content])')) {
    const steps = (window.steps[slot.dataset.berthSlot] = []);
    const version = (node) => node.dataset?.berthVersion?.replace(/^1\.0\.\d+$/, '1.0.0');
    new MutationObserver((records) => {
      for (const { addedNodes, removedNodes } of records) {
        for (const node of addedNodes) if (version(node)) steps.push(`+${version(node)}`);
        for (const node of removedNodes) if (version(node)) steps.push(`-${version(node)}`);
      }
    }).observe(slot, { childList: true });
  }
}

/** A tab without a screen is never hidden by itself. */
function hide() {
  Object.defineProperty(document, 'hidden', { configurable: true, value: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

async function shows(page, variant, versions) {
  const wanted = Object.fromEntries(Object.entries(versions).map(([slot, version]) => [slot, `${variant} ${version}`]));
  assert.deepEqual(await page.evaluate(reach, { wanted, patience: 10_000 }), wanted);
}

/** From 1.0.0 to the next release, with a policy for each slot. */
async function follows(page, server, variant, places) {
  const module = moduleOf(variant);
  const all = (version) => Object.fromEntries(Object.keys(places).map((slot) => [slot, version]));
  await shows(page, variant, all('1.0.0'));
  await page.evaluate(noteSteps);
  await server.put(`/api/modules/${module}/live`, { version: NEXT });
  await shows(page, variant, Object.fromEntries(Object.entries(places).map(([slot, policy]) => [slot, POLICIES[policy].shows])));
  const steps = Object.fromEntries(Object.entries(places).map(([slot, policy]) => [slot, POLICIES[policy].steps]));
  assert.deepEqual(await page.evaluate(() => window.steps), steps);
  await page.kept();

  if (!Object.values(places).includes('reload')) return;
  await page.evaluate(() => (window.mark = 1));
  await page.evaluate(hide);
  await gone(page);
  await shows(page, variant, all(NEXT));
}

/** Until the page has been loaded anew; while it is, nothing can be asked of it. */
async function gone(page) {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    if (await page.evaluate(() => !window.mark && document.readyState === 'complete').catch(() => false)) return;
  }
  throw new Error('the page was not loaded anew');
}

export function testPolicies({ name, open }, variants) {
  for (const { name: variant } of variants) {
    test(`${name}: ${variant} goes from release to release by its policies`, async (all) => {
      const module = moduleOf(variant);
      const server = await Server.start(all);
      await server.activate('home-app', '1.0.0', home['1.0.0']);
      const releases = Object.keys(POLICIES).map((policy, index) => ({ policy, version: `1.0.${index + 1}` }));
      for (const { policy, version } of releases) await server.berth('push', `${module}@${version}`, withPolicy(all, variant, policy));
      for (const version of ['1.0.0', NEXT]) await server.berth('push', `${module}@${version}`, cardFolder(variant, version));

      for (const { policy, version } of releases) {
        await all.test(`${policy}, from berth.json, beside a slot that has its own`, { timeout: 60_000 }, async (context) => {
          await server.put(`/api/modules/${module}/live`, { version });
          // The slot with its own also tells when the page has done all that it will do.
          await putPage(server, module, `bundle-${policy}`, [{ name: 'card' }, { name: 'own', policy: 'component' }]);
          await follows(await open(context, `${server.origin}/bundle-${policy}`), server, variant, { card: policy, own: 'component' });
        });
      }

      await all.test('all of them, from the slots of one page', { timeout: 60_000 }, async (context) => {
        await server.put(`/api/modules/${module}/live`, { version: '1.0.0' });
        const places = Object.fromEntries(Object.keys(POLICIES).map((policy) => [policy, policy]));
        await putPage(server, module, 'slots', Object.keys(places).map((policy) => ({ name: policy, policy })));
        await follows(await open(context, `${server.origin}/slots`), server, variant, places);
      });
    });
  }
}
