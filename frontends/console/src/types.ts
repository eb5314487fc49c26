/** What the admin API answers, as far as the console reads it. */

export interface Problem {
  type?: string;
  title?: string;
  detail?: string;
  where?: string;
  hint?: string;
  requestId?: string;
  compatibility?: Compatibility;
}

export interface Session {
  version: string;
  token: { id: string; name: string; module: string; can: Scope[] };
  publicUrl: string | null;
  maxArchiveBytes: number;
}

export type Scope = 'read' | 'publish' | 'activate' | 'admin';

export interface Live {
  version: string;
  generation: number;
  since: string;
  by: string;
  reason: string | null;
  previous: string | null;
}

export interface Module {
  name: string;
  versions: number;
  newest: string | null;
  live: Live | null;
}

export interface Change {
  generation: number;
  kind: 'activation' | 'rollback' | 'page' | 'page-deleted';
  version: string | null;
  previous: string | null;
  at: string;
  by: string;
  reason: string | null;
}

export interface ModuleWithHistory extends Module {
  wayBack: string | null;
  history: Change[];
}

export type Counts = Record<'loaded' | 'swapped' | 'load-failed' | 'swap-failed' | 'runtime-failure', number>;

export interface Reports {
  minutes: number;
  /** With pages open: all tabs of a browser share a stream. */
  browsers: number;
  /** Of them, by the page of the tab that holds the stream, and by the modules which that page shows. An older server does not tell. */
  open?: { pages: Record<string, number>; modules: Record<string, number> };
  modules: Record<string, { loads: number[]; errors: number[]; versions: Record<string, Counts> }>;
}

export interface Asset {
  path: string;
  bytes: number;
  encodedBytes: Record<string, number>;
  digest: string;
}

export interface Version {
  module: string;
  version: string;
  digest: string;
  archiveBytes: number;
  files: number;
  bytes: number;
  encodedBytes: Record<string, number>;
  compression: 'none' | 'quick' | 'best';
  url: string;
  createdAt: string;
  createdBy: string;
  live: boolean;
  reports: Counts;
  format?: string;
  entry?: string;
  exposes?: Record<string, unknown> | string[];
  shared?: unknown;
  remotes?: unknown;
  assets?: Asset[];
}

export interface Finding {
  rule: string;
  what?: string;
  text: string;
  hint?: string;
  already?: boolean;
  users?: { page?: string; slot?: string; module?: string; version?: string; requires?: string; provides?: string }[];
  more?: number;
}

export interface Compatibility {
  module: string;
  version: string;
  live: string | null;
  compatible: boolean;
  breaks: Finding[];
  warnings: Finding[];
  checked?: { modules: number; pages: number };
}

export interface Page {
  name: string;
  path: string | null;
  revision: number;
  generation: number;
  at: string;
  by: string;
}

export interface Slot {
  name: string;
  module: string;
  expose: string;
  policy?: string;
  fallback?: string;
}

export interface Manifest {
  path: string;
  title?: string;
  layout?: { columns?: string; rows?: string; gap?: string; areas?: string[] };
  slots?: Slot[];
  document?: { module: string; file?: string };
  [other: string]: unknown;
}

export interface Revision extends Page {
  manifest?: Manifest;
}

export interface PageWithHistory extends Revision {
  history: Revision[];
}

export interface Activity {
  id: number;
  at: string;
  action: string;
  module: string | null;
  subject: string;
  by: string;
  token: string | null;
  remote: string | null;
  reason: string | null;
  details: Record<string, unknown> | null;
  hash: string;
}

export interface Token {
  id: string;
  name: string;
  module: string;
  can: Scope[];
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  usedAt: string | null;
  replacedBy: string | null;
}

export interface Load {
  connections: number;
  versions: number;
  reports: number;
  refused: Record<string, number>;
}

export interface System {
  version: string;
  startedAt: string;
  generation: number;
  modules: number;
  versions: { count: number; bytes: number; compression: Record<string, number> };
  disk: { free: number; total: number } | null;
  cache: { bytes: number; unpinnedBytes: number; budget: number };
  streams: number;
  limits: Record<string, number>;
  compressor: { threads: number; waiting: number; improving: number; finished: number; failed: number };
  load: { public: Load | null; admin: Load | null };
  /** Of listeners that speak TLS; an older server does not tell. */
  tls?: Record<'public' | 'admin', { certificateEndsAt: string | null } | null>;
}
