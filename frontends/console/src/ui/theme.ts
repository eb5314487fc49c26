/** Light or dark as the system has it, or as was chosen here. */
import { signal } from '@preact/signals';

type Theme = 'auto' | 'light' | 'dark';
const KEY = 'berth-theme';
const ORDER: Theme[] = ['auto', 'light', 'dark'];

const stored = localStorage.getItem(KEY) as Theme | null;
export const theme = signal<Theme>(stored && ORDER.includes(stored) ? stored : 'auto');

function apply(): void {
  if (theme.value === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
}

export function cycleTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] as Theme;
  localStorage.setItem(KEY, theme.value);
  apply();
}

apply();
