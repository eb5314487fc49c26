/** One module: its versions, its history, and what can be done with it. */
import { useState } from 'preact/hooks';
import { call, url } from '../api';
import { bytes, count } from '../format';
import { may, session } from '../may';
import { useResource } from '../resource';
import { go, href } from '../route';
import type { Change as History, Counts, ModuleWithHistory, Reports, Version } from '../types';
import { Badge, Button, Empty, Head, Section, Shown, Time } from '../ui/parts';
import { Sparkline } from '../ui/sparkline';
import { ChangeDialog, type Change } from './change';
import { exposesOf, sharedOf } from './describe';
import { Health, errorsOf } from './modules';

const ROWS = 30;

interface Listed {
  total: number;
  before: string | null;
  versions: Version[];
}

function Names({ names, none }: { names: string[]; none: string }) {
  if (!names.length) return <span class="dim">{none}</span>;
  return (
    <span title={names.join('\n')}>
      {names.slice(0, 3).map((name) => (
        <code class="tag" key={name}>
          {name}
        </code>
      ))}
      {names.length > 3 && <span class="dim small">and {names.length - 3} more</span>}
    </span>
  );
}

function VersionRow({ version, picked, onPick, onChange, wayBack }: { version: Version; picked: boolean; onPick: (on: boolean) => void; onChange: (kind: Change['kind']) => void; wayBack: boolean }) {
  const { module, version: name, live, files, bytes: size, encodedBytes, createdAt, createdBy, format, reports } = version;
  const smallest = Math.min(size, ...Object.values(encodedBytes));
  return (
    <tr class={live ? 'is-live' : ''}>
      <td class="pick" data-label="Compare">
        <input type="checkbox" aria-label={`Compare ${name}`} checked={picked} onChange={(event) => onPick(event.currentTarget.checked)} />
      </td>
      <th scope="row" data-label="Version">
        <a href={href(['modules', module, name])}>{name}</a> {live && <Badge kind="live">live</Badge>}
      </th>
      <td data-label="Uploaded" class="nowrap">
        <Time at={createdAt} />
        <span class="dim small">by {createdBy}</span>
      </td>
      <td data-label="Size" class="number">
        {bytes(size)}
        <span class="dim small">
          {smallest < size ? `${bytes(smallest)} compressed, ` : ''}
          {count(files, 'file')}
        </span>
      </td>
      <td data-label="Format">
        {format ?? '–'}
        <span class="small">
          <Names names={exposesOf(version).map(({ name: expose }) => expose)} none="exposes nothing" />
        </span>
      </td>
      <td data-label="Shared">
        <Names names={sharedOf(version).map(({ name: shared, version: at }) => (at ? `${shared}@${at}` : shared))} none="nothing" />
      </td>
      <td data-label="Health" class="nowrap">
        <Health counts={reports} />
      </td>
      <td class="row-actions" data-label="">
        {!live && may('activate', module) && (
          <>
            <Button onClick={() => onChange(wayBack ? 'rollback' : 'activate')} aria-label={`${wayBack ? 'Roll back to' : 'Activate'} ${name}`}>
              {wayBack ? 'Roll back' : 'Activate'}
            </Button>
            <Button kind="quiet" onClick={() => onChange('delete')} aria-label={`Delete ${name}`} title="Delete">
              <span aria-hidden="true">✕</span>
            </Button>
          </>
        )}
      </td>
    </tr>
  );
}

function Versions({ name, live, wayBack, onChange }: { name: string; live: string | null; wayBack: string | null; onChange: (kind: Change['kind'], version: string) => void }) {
  const [limit, setLimit] = useState(ROWS);
  const [picked, setPicked] = useState<string[]>([]);
  const list = useResource(`versions ${name} ${limit}`, (signal) => call<Listed>(url(['modules', name, 'versions'], { limit }), { signal }));
  const pick = (version: string, on: boolean) => setPicked((old) => (on ? [...old.filter((other) => other !== version), version].slice(-2) : old.filter((other) => other !== version)));
  return (
    <Shown of={list}>
      {({ versions, total }) => {
        const newest = [...versions].reverse();
        const order = (version: string) => versions.findIndex((other) => other.version === version);
        const [from, to] = [...picked].sort((a, b) => order(a) - order(b));
        return (
          <Section
            title={count(total, 'version')}
            aside={
              <div class="actions">
                <span class="dim small" aria-live="polite">
                  {picked.length === 2 ? `${from} → ${to}` : 'Pick two to compare'}
                </span>
                <Button disabled={picked.length !== 2} onClick={() => from && to && go(['modules', name, 'compare'], { from, to })}>
                  Compare
                </Button>
              </div>
            }
          >
            <table class="cards">
              <thead>
                <tr>
                  <th scope="col">
                    <span class="sr">Compare</span>
                  </th>
                  <th scope="col">Version</th>
                  <th scope="col">Uploaded</th>
                  <th scope="col" class="number">
                    Size
                  </th>
                  <th scope="col">Format and exposes</th>
                  <th scope="col">Shared</th>
                  <th scope="col">Health</th>
                  <td />
                </tr>
              </thead>
              <tbody>
                {newest.map((version) => (
                  <VersionRow
                    key={version.version}
                    version={version}
                    picked={picked.includes(version.version)}
                    onPick={(on) => pick(version.version, on)}
                    onChange={(kind) => onChange(kind, version.version)}
                    wayBack={live !== null && version.version === wayBack}
                  />
                ))}
              </tbody>
            </table>
            {total > versions.length && (
              <p class="more">
                <Button onClick={() => setLimit(Math.min(1000, limit * 4))}>Show more of {total}</Button>
              </p>
            )}
          </Section>
        );
      }}
    </Shown>
  );
}

export function HistoryList({ history }: { history: History[] }) {
  if (!history.length) return <p class="dim">Nothing of it was ever live.</p>;
  return (
    <ol class="timeline">
      {history.map((change) => (
        <li key={change.generation} class={change.kind}>
          <p>
            <strong>{change.kind === 'rollback' ? 'Rolled back to' : 'Activated'} {change.version}</strong>
            {change.previous && <span class="dim"> from {change.previous}</span>}
          </p>
          {change.reason && <p class="reason">{change.reason}</p>}
          <p class="dim small">
            <Time at={change.at} /> by {change.by}
          </p>
        </li>
      ))}
    </ol>
  );
}

/** "12 loads and swaps, 3 failures while running", since the server started. */
function reportText(counts: Counts): string {
  const parts: [number, string, string][] = [
    [counts.loaded + counts.swapped, 'load', 'loads'],
    [counts['load-failed'], 'failed load', 'failed loads'],
    [counts['swap-failed'], 'failed swap', 'failed swaps'],
    [counts['runtime-failure'], 'failure while running', 'failures while running'],
  ];
  return `${parts.filter(([number], i) => number > 0 || i === 0).map(([number, one, many]) => count(number, one, many)).join(', ')} of this version`;
}

function LiveCard({ module, reports, onRollback }: { module: ModuleWithHistory; reports: Reports; onRollback: () => void }) {
  const { name, live, wayBack } = module;
  const told = reports.modules[name];
  const counts = live ? told?.versions[live.version] : undefined;
  return (
    <section class={`panel hero ${errorsOf(counts) ? 'failing' : ''}`} aria-label="What is live">
      <div>
        <p class="dim small">Live</p>
        <p class={`hero-version ${(live?.version.length ?? 0) > 20 ? 'long' : ''}`}>{live?.version ?? 'nothing'}</p>
        {live && (
          <p class="dim">
            since <Time at={live.since} />, by {live.by}
            {live.reason && <>: “{live.reason}”</>}
          </p>
        )}
      </div>
      <div>
        <p class="dim small">Open now</p>
        <p class="hero-number" title="A browser is counted once, at the page of the tab that listens for all of its tabs">
          {reports.open ? count(reports.open.modules[name] ?? 0, 'browser') : '–'}
        </p>
        <p class="dim small">{reports.open ? 'with a page that shows it' : 'this server does not tell'}</p>
      </div>
      <div class="hero-health">
        <p class="dim small">Loads and errors, last hour</p>
        {told ? <Sparkline loads={told.loads} errors={told.errors} /> : <p class="dim">No page has reported yet.</p>}
        {counts && (
          <p class="small">
            {reportText(counts)}
          </p>
        )}
      </div>
      {live && wayBack && may('activate', name) && (
        <div class="actions">
          <Button kind="danger" onClick={onRollback}>
            Roll back to {wayBack}…
          </Button>
        </div>
      )}
    </section>
  );
}

export function ModuleView({ name }: { name: string }) {
  const [change, setChange] = useState<Change | undefined>();
  const module = useResource(`module ${name}`, async (signal) => {
    const [found, reports] = await Promise.all([call<ModuleWithHistory>(url(['modules', name]), { signal }), call<Reports>(url(['reports']), { signal })]);
    return { found, reports };
  });
  return (
    <>
      <Head title={name} back={{ href: href(['modules']), text: 'Modules' }}>
        {may('publish', name) && (
          <a class="button" href={href(['upload'], { module: name })}>
            Upload a version
          </a>
        )}
      </Head>
      <Shown of={module}>
        {({ found, reports }) => {
          const begin = (kind: Change['kind'], version: string) => setChange({ kind, module: name, version, live: found.live?.version ?? null, generation: kind === 'delete' ? undefined : (found.live?.generation ?? undefined) });
          return (
            <>
              <LiveCard module={found} reports={reports} onRollback={() => found.wayBack && begin('rollback', found.wayBack)} />
              <Versions name={name} live={found.live?.version ?? null} wayBack={found.wayBack} onChange={begin} />
              <Section title="History of what was live">
                <HistoryList history={found.history} />
              </Section>
            </>
          );
        }}
      </Shown>
      {!session.value && <Empty title="Not logged in" />}
      {change && <ChangeDialog change={change} onClose={() => setChange(undefined)} />}
    </>
  );
}
