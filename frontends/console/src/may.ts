/** What the token that one is logged in with may do. The server decides; this hides what it would refuse. */
import { signal } from '@preact/signals';
import type { Scope, Session } from './types';

export const session = signal<Session | null>(null);

/** As the server matches: `*`, `@scope/*` or the name, several with commas. */
function matches(pattern: string, module: string): boolean {
  return pattern.split(',').some((part) => part === '*' || part === module || (part.endsWith('*') && module.startsWith(part.slice(0, -1))));
}

export function may(scope: Scope, module?: string): boolean {
  const token = session.value?.token;
  if (!token) return false;
  const can = token.can.includes(scope) || token.can.includes('admin') || scope === 'read';
  return can && (module === undefined ? token.module === '*' : matches(token.module, module));
}
