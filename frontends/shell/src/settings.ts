import type { Settings } from './contract';

export const settings: Settings = { stage_ms: 15_000, content_ms: 1000, order_ms: 300 };
