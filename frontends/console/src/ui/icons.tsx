/** One line drawing for each place. */
import type { ComponentChildren } from 'preact';

const icon = (children: ComponentChildren) => (
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">
    {children}
  </svg>
);

export const ICONS = {
  modules: icon(<><path d="M10 2.5 17 6v8l-7 3.5L3 14V6z" /><path d="M3 6l7 3.5L17 6M10 9.5v8" /></>),
  upload: icon(<path d="M10 13V3.5M6.5 7 10 3.5 13.5 7M3.5 13v3.5h13V13" />),
  pages: icon(<><rect x="2.5" y="3.5" width="15" height="13" rx="1.5" /><path d="M2.5 7.5h15M8 7.5v9" /></>),
  activity: icon(<><circle cx="10" cy="10" r="7.5" /><path d="M10 5.5V10l3 2" /></>),
  tokens: icon(<><circle cx="6.5" cy="13.5" r="3.5" /><path d="m9 11 7.5-7.5M13.5 6.5l2.5 2.5" /></>),
  system: icon(<><rect x="3" y="3" width="14" height="5.5" rx="1" /><rect x="3" y="11.5" width="14" height="5.5" rx="1" /><path d="M6 5.75h.01M6 14.25h.01" /></>),
};
