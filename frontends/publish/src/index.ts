export { PublishError } from './errors.js';
export type { Listener } from './output.js';
export { publish, type Published, type Source } from './publish.js';
export type { PluginOptions, PublishOptions } from './settings.js';
export { berthPublish, type VitePluginLike } from './vite.js';
export { BerthPublishPlugin, type CompilerLike, type StatsLike } from './webpack.js';
