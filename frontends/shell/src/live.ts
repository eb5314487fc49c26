/** dist/live.js: the runtime alone. The server appends a call of `__BERTH__.live(…)` per module. */
import { runtime } from './runtime';

runtime();
