/** A folder as a gzipped tar (POSIX ustar, with pax headers for long names), made in the browser. */

export interface Member {
  path: string;
  file: File;
}

const BLOCK = 512;
const text = new TextEncoder();

function field(block: Uint8Array, at: number, length: number, value: string): void {
  block.set(text.encode(value).subarray(0, length), at);
}

function header(name: Uint8Array, size: number, type: '0' | 'x'): Uint8Array {
  const block = new Uint8Array(BLOCK);
  block.set(name.subarray(0, 100));
  const octal = (at: number, length: number, value: number) => field(block, at, length, value.toString(8).padStart(length - 1, '0'));
  octal(100, 8, 0o644);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, 0);
  field(block, 148, 8, '        ');
  field(block, 156, 1, type);
  field(block, 257, 8, 'ustar\u000000');
  field(block, 148, 7, `${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0`);
  return block;
}

const padding = (size: number) => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);

/** "23 path=some/name\n", where the number counts itself. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = text.encode(` ${key}=${value}\n`).length;
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return text.encode(`${length} ${key}=${value}\n`);
}

function parts({ path, file }: Member): BlobPart[] {
  const name = text.encode(path);
  const pieces: Uint8Array[] = [];
  if (name.length > 100) {
    const record = paxRecord('path', path);
    pieces.push(header(text.encode('pax'), record.length, 'x'), record, padding(record.length));
  }
  pieces.push(header(name, file.size, '0'));
  return [...(pieces as BlobPart[]), file, padding(file.size) as BlobPart];
}

export async function pack(members: Member[]): Promise<Blob> {
  const tar = new Blob([...members.flatMap(parts), new Uint8Array(2 * BLOCK)]);
  return new Response(tar.stream().pipeThrough(new CompressionStream('gzip'))).blob();
}

async function readEntry(entry: FileSystemEntry, prefix: string, into: Member[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    into.push({ path: prefix + entry.name, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!portion.length) return;
    for (const child of portion) await readEntry(child, `${prefix}${entry.name}/`, into);
  }
}

/** The folder itself is no part of the names: `dist/index.html` is `index.html`. */
export function withoutRoot(members: Member[]): Member[] {
  const root = members[0]?.path.split('/')[0];
  const common = root && members.every(({ path }) => path.startsWith(`${root}/`));
  return common ? members.map(({ path, file }) => ({ path: path.slice(root.length + 1), file })) : members;
}

export interface Dropped {
  archive?: File;
  members?: Member[];
}

const ARCHIVE = /\.(zip|tgz|tar|tar\.(gz|zst|zstd)|tzst|zst)$/i;

/** Entries must be asked for before the event ends; so this is called at once. */
export async function dropped(items: DataTransferItemList): Promise<Dropped> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const members: Member[] = [];
  for (const entry of entries) await readEntry(entry, '', members);
  return chosen(members);
}

export function chosen(members: Member[]): Dropped {
  const [first] = members;
  if (members.length === 1 && first && ARCHIVE.test(first.path)) return { archive: first.file };
  return members.length ? { members: withoutRoot(members) } : {};
}

export interface Named {
  module?: string;
  version?: string;
}

/** What a package.json, or an archive's file name, says it is. */
export async function guess({ archive, members }: Dropped): Promise<Named> {
  const file = members?.find(({ path }) => path === 'package.json')?.file;
  if (file) {
    try {
      const { name, version } = JSON.parse(await file.text()) as Record<string, unknown>;
      return { ...(typeof name === 'string' ? { module: name } : {}), ...(typeof version === 'string' ? { version } : {}) };
    } catch {
      return {};
    }
  }
  const match = archive && /^(.+?)[-@_]v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+?)?)\.(?:zip|tgz|tar|tzst|zst)/i.exec(archive.name);
  return match ? { module: (match[1] ?? '').toLowerCase(), version: match[2] ?? '' } : {};
}
