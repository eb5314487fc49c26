// playwright-core, or how to get it.
const missing = (error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  throw new Error('playwright-core is not installed; run: npm ci --prefix tests/browser, or scripts/test, which does');
};

export const { chromium } = await import('playwright-core').catch(missing);
