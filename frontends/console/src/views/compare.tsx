/** Two versions beside each other: what came, what went, what it weighs. */
import { call, url } from '../api';
import { bytes, signed } from '../format';
import { useResource } from '../resource';
import { href } from '../route';
import type { Asset, Version } from '../types';
import { Badge, Head, Section, Shown } from '../ui/parts';
import { exposesOf, sharedOf, sharedText } from './describe';

export interface FileChange {
  path: string;
  kind: 'added' | 'removed' | 'changed' | 'renamed';
  before?: Asset;
  after?: Asset;
}

/** `Header.2869b07a.js` → `Header.*.js`: the same file with other contents has another digest in its name. */
function stem(path: string): string {
  return path.replace(/([.-])[0-9a-zA-Z_]{8,}(?=\.)/, (whole, mark: string) => (/\d/.test(whole) ? `${mark}*` : whole));
}

/** Files whose names have their digest are one change, not one that went and one that came. */
export function compareFiles(before: Asset[], after: Asset[]): FileChange[] {
  const old = new Map(before.map((asset) => [asset.path, asset]));
  const changes: FileChange[] = [];
  const added: Asset[] = [];
  for (const asset of after) {
    const same = old.get(asset.path);
    old.delete(asset.path);
    if (!same) added.push(asset);
    else if (same.digest !== asset.digest) changes.push({ path: asset.path, kind: 'changed', before: same, after: asset });
  }
  const gone = new Map<string, Asset[]>();
  for (const asset of old.values()) gone.set(stem(asset.path), [...(gone.get(stem(asset.path)) ?? []), asset]);
  for (const asset of added) {
    const twin = gone.get(stem(asset.path))?.shift();
    changes.push(twin ? { path: asset.path, kind: 'renamed', before: twin, after: asset } : { path: asset.path, kind: 'added', after: asset });
  }
  for (const asset of [...gone.values()].flat()) changes.push({ path: asset.path, kind: 'removed', before: asset });
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const smallest = (asset: Asset | undefined) => (asset ? Math.min(asset.bytes, ...Object.values(asset.encodedBytes)) : 0);
const total = (version: Version) => Math.min(version.bytes, ...Object.values(version.encodedBytes));
const KINDS = { added: 'good', removed: 'bad', changed: 'warn', renamed: 'warn' } as const;

function Files({ changes }: { changes: FileChange[] }) {
  if (!changes.length) return <p class="dim">All files are the same.</p>;
  return (
    <table class="cards files">
      <thead>
        <tr>
          <th scope="col">File</th>
          <th scope="col">Change</th>
          <th scope="col" class="number">Size</th>
          <th scope="col" class="number">Compressed</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ path, kind, before, after }) => (
          <tr key={`${kind} ${path}`}>
            <th scope="row" class="path" data-label="File">
              {path}
              {kind === 'renamed' && <span class="dim small">was {before?.path}</span>}
            </th>
            <td data-label="Change">
              <Badge kind={KINDS[kind]}>{kind === 'renamed' ? 'changed' : kind}</Badge>
            </td>
            <td class="number" data-label="Size">
              {bytes((after ?? before)?.bytes ?? 0)}
              <span class="dim small">{signed((after?.bytes ?? 0) - (before?.bytes ?? 0))}</span>
            </td>
            <td class="number" data-label="Compressed">
              {bytes(smallest(after ?? before))}
              <span class="dim small">{signed(smallest(after) - smallest(before))}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Names({ before, after, none }: { before: Map<string, string>; after: Map<string, string>; none: string }) {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const rows = names.map((name) => ({ name, was: before.get(name), is: after.get(name) }));
  if (rows.every(({ was, is }) => was === is)) return <p class="dim">{none}</p>;
  return (
    <ul class="plain">
      {rows
        .filter(({ was, is }) => was !== is)
        .map(({ name, was, is }) => (
          <li key={name}>
            <Badge kind={was === undefined ? 'good' : is === undefined ? 'bad' : 'warn'}>{was === undefined ? 'added' : is === undefined ? 'removed' : 'changed'}</Badge> <code>{name}</code>{' '}
            <span class="dim">{was && is ? `${was} → ${is}` : (is ?? was)}</span>
          </li>
        ))}
    </ul>
  );
}

function Sizes({ from, to }: { from: Version; to: Version }) {
  const rows: [string, number, number][] = [
    ['All files', from.bytes, to.bytes],
    ['All files, compressed', total(from), total(to)],
    ['Archive', from.archiveBytes, to.archiveBytes],
  ];
  return (
    <dl class="stats">
      {rows.map(([name, before, after]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {bytes(before)} → {bytes(after)}
          </dd>
          <dd class={after > before ? 'worse' : after < before ? 'better' : 'dim'}>{signed(after - before)}</dd>
        </div>
      ))}
    </dl>
  );
}

export function CompareView({ module, from, to }: { module: string; from: string; to: string }) {
  const both = useResource(
    `compare ${module} ${from} ${to}`,
    (signal) => Promise.all([from, to].map((version) => call<Version>(url(['modules', module, 'versions', version]), { signal }))),
  );
  const exposes = (version: Version) => new Map(exposesOf(version).map(({ name }) => [name, '']));
  const shared = (version: Version) => new Map(sharedOf(version).map((item) => [item.name, sharedText(item)]));
  return (
    <>
      <Head title={`${from} → ${to}`} back={{ href: href(['modules', module]), text: module }}>
        <a class="button" href={href(['modules', module, 'compare'], { from: to, to: from })}>
          Turn around
        </a>
        <a class="button main" href={href(['modules', module, to])}>
          To {to}
        </a>
      </Head>
      <Shown of={both}>
        {([old, next]) =>
          old && next ? (
            <>
              <Section title="Size">
                <Sizes from={old} to={next} />
              </Section>
              <div class="columns">
                <Section title="Exposes">
                  <Names before={exposes(old)} after={exposes(next)} none="The same." />
                </Section>
                <Section title="Shared">
                  <Names before={shared(old)} after={shared(next)} none="The same." />
                </Section>
              </div>
              <Section title="Files">
                <Files changes={compareFiles(old.assets ?? [], next.assets ?? [])} />
              </Section>
            </>
          ) : null
        }
      </Shown>
    </>
  );
}
