// Debian's Chromium, as all other browser tests use it.
import { Visit, newContext } from '../../support/browser.mjs';

export const name = 'Chromium';

/** An open page: see README.md for what the three engines have in common. */
export async function open(test, url) {
  const visit = await Visit.open(await newContext(test), url);
  return {
    evaluate: (work, argument) => visit.page.evaluate(work, argument),
    problems: async () => [...visit.problems, ...(await visit.violations())],
    reacts: () => visit.reacts(),
    kept: () => visit.kept(),
  };
}
