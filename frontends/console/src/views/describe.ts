/** Reads what the server found out of a bundle: every member may be missing. */
import type { Version } from '../types';

export interface Shared {
  name: string;
  version?: string;
  requiredVersion?: string;
  singleton?: boolean;
}

export interface Expose {
  name: string;
}

function named<T extends { name: string }>(value: unknown): T[] {
  return Array.isArray(value) ? value.filter((item): item is T => Boolean(item) && typeof item === 'object' && typeof (item as T).name === 'string') : [];
}

export const exposesOf = (version: Version): Expose[] => named<Expose>(version.exposes);
export const sharedOf = (version: Version): Shared[] => named<Shared>(version.shared);
export const remotesOf = (version: Version): Expose[] => named<Expose>(version.remotes);

export function sharedText({ version, requiredVersion, singleton }: Shared): string {
  return [version ?? 'any version', requiredVersion && `asks for ${requiredVersion}`, singleton && 'singleton'].filter(Boolean).join(', ');
}
