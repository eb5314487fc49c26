/** What `lazy.ts` brings. */
import { customElement, singleSpa } from './contracts';
import { HotModule } from './hot';

export const more = { HotModule, customElement, singleSpa };
export type More = typeof more;
