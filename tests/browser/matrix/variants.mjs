// What there is in the matrix: the builds, the releases of each, and how each release must look.

/** Each release has a colour, and a side with a border, that no other has: a sheet too many shows. */
export const RELEASES = {
  '1.0.0': { colour: 'rgb(30, 64, 175)', more: 'rgb(91, 33, 182)', side: 'top' },
  '1.1.0': { colour: 'rgb(6, 95, 70)', more: 'rgb(77, 124, 15)', side: 'left' },
  '2.0.0': { colour: 'rgb(154, 52, 18)', more: 'rgb(190, 24, 93)', side: 'right' },
};

/** Releases that fail, each in one way. None may ever be seen, but for one that is `late`: it fails when its lazy part is opened. */
export const FAULTS = {
  '3.0.0': { does: 'throws at evaluation', placeholder: '__EVALUATION_FAULT__', message: '3.0.0 is broken at evaluation' },
  '3.1.0': { does: 'throws at its first render', placeholder: '__RENDER_FAULT__', message: '3.1.0 is broken at its first render' },
  '3.2.0': { does: 'lacks a file that its entry asks for' },
  '3.3.0': { does: 'lacks its lazy part', late: true },
};
export const BROKEN_LOOK = { colour: 'rgb(185, 28, 28)', more: 'rgb(185, 28, 28)', side: 'bottom' };

const SVELTE = { entry: 'card.js', exposes: { './Card': { contract: 'mount', file: 'card.js' } } };

/**
 * `tool` is a function of tools.mjs, `options` are its. `react`: shares React.
 * `expose`: what pages ask for, where it is not ./Card. `faults`: its broken releases are built too. `policies`: goes by each policy. `subset`: walked in all three engines. `…todo`: what does not hold yet.
 */
export const VARIANTS = [
  { name: 'webpack-development', tool: 'webpack', options: { mode: 'development' }, sources: ['react', 'css'], react: true },
  { name: 'webpack-production', tool: 'webpack', options: {}, sources: ['react', 'css'], react: true, faults: true, subset: true, policies: true },
  { name: 'webpack-hashed', tool: 'webpack', options: { names: '[name].[contenthash:8]' }, sources: ['react', 'css'], react: true },
  { name: 'webpack-css', tool: 'webpack', options: { css: 'experiments' }, sources: ['react', 'css'], react: true },
  { name: 'webpack-style-loader', tool: 'webpack', options: { css: 'style-loader' }, sources: ['react', 'css'], react: true },
  { name: 'enhanced', tool: 'enhanced', options: {}, sources: ['react', 'css'], react: true, subset: true, policies: true },
  { name: 'rspack1', tool: 'rspack1', options: {}, sources: ['react', 'css'], react: true },
  { name: 'rspack2', tool: 'rspack2', options: {}, sources: ['react', 'css'], react: true, subset: true },
  { name: 'vite', tool: 'vite', options: {}, sources: ['react', 'css'], react: true, subset: true, policies: true },
  { name: 'es-module', tool: 'copy', options: { berth: { exposes: { './Card': 'card.js' } } }, sources: ['plain', 'css', 'es-module'], faults: true, subset: true },
  { name: 'native-federation', tool: 'nativeFederation', options: {}, sources: ['plain', 'css', 'native-federation'] },
  { name: 'single-spa', tool: 'esbuild', options: { entry: 'index' }, sources: ['plain', 'css', 'single-spa'], expose: '.', faults: true },
  { name: 'custom-element', tool: 'esbuild', options: { berth: { exposes: { './Card': { file: 'card.js', contract: 'custom-element' } } } }, sources: ['plain', 'css', 'custom-element'], faults: true },
  { name: 'vue', tool: 'esbuild', options: { entry: 'index' }, sources: ['plain', 'css', 'vue'], expose: '.', faults: true },
  { name: 'svelte', tool: 'svelte', options: { css: 'external', berth: SVELTE }, sources: ['plain', 'svelte', 'svelte-external'], faults: true },
  { name: 'svelte-injected', tool: 'svelte', options: { css: 'injected', berth: SVELTE }, sources: ['svelte', 'svelte-injected'] },
];

/** Pages of their own, built with the URL of a remote baked in. `remote` is one of the variants. */
export const CONSUMERS = [
  { name: 'webpack', tool: 'webpack', remote: 'webpack-production', file: 'remoteEntry.js', subset: true },
  { name: 'enhanced', tool: 'enhanced', remote: 'enhanced', file: 'remoteEntry.js' },
  { name: 'enhanced-manifest', tool: 'enhanced', remote: 'enhanced', file: 'mf-manifest.json' },
  { name: 'rspack1', tool: 'rspack1', remote: 'rspack1', file: 'remoteEntry.js' },
  { name: 'rspack2', tool: 'rspack2', remote: 'rspack2', file: 'remoteEntry.js' },
  { name: 'rspack2-manifest', tool: 'rspack2', remote: 'rspack2', file: 'mf-manifest.json' },
  { name: 'vite', tool: 'vite', remote: 'vite', file: 'remoteEntry.mjs' },
  { name: 'vite-manifest', tool: 'vite', remote: 'vite', file: 'mf-manifest.json' },
];

export const moduleOf = (variant) => `card-${variant}`;
export const consumerModule = (consumer) => `page-${consumer}`;
/** The name that bundlers know a variant's container by. */
export const containerOf = (variant) => `card_${variant.replaceAll('-', '_')}`;

/** Where the broken releases are tried: one build for each way of mounting, and a page with the URL baked in. */
export const BROKEN = [...VARIANTS.filter(({ faults }) => faults), { name: 'webpack-production', consumer: 'webpack', subset: true }];
