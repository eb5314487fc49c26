/** What `lazy.ts` brings; dist/more.js in composed pages. */
import { customElement, singleSpa } from './contracts';
import { watchGlobals } from './globals';
import { HotModule } from './hot';
import { freshUrls, lostModule, runModule, spoilUrls } from './modules';
import { reloadSoon } from './reload';

export const more = {
  HotModule,
  customElement,
  freshUrls,
  lostModule,
  reloadSoon,
  runModule,
  singleSpa,
  spoilUrls,
  watchGlobals,
};
export type More = typeof more;
