/** dist/live.js: the whole runtime. The server appends a call of `__BERTH__.live(…)` per module. */
import { provide } from './lazy';
import { more } from './more';
import { runtime } from './runtime';

provide(async () => more);
runtime();
