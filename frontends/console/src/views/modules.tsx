/** All modules: what is live, since when, by whom, and how it goes. */
import { useState } from 'preact/hooks';
import { call, url } from '../api';
import { count } from '../format';
import { useResource } from '../resource';
import { href, route, setQuery } from '../route';
import type { Counts, Module, Reports } from '../types';
import { Badge, Button, Empty, Head, Shown, Time } from '../ui/parts';
import { Sparkline } from '../ui/sparkline';

type Filter = 'all' | 'failing' | 'behind' | 'dark';
const FILTERS: Record<Filter, string> = { all: 'All', failing: 'With errors', behind: 'Newer uploaded', dark: 'Nothing live' };

type Order = 'name' | 'change' | 'errors' | 'open';
const ORDERS: Record<Order, string> = { name: 'by name', change: 'last change first', errors: 'most errors first', open: 'most open first' };

/** More rows than these are shown when they are asked for. */
const ROWS = 400;
/** The console is in the list too; with nothing else there is nothing yet. */
const CONSOLE = '@berth/console';

export function errorsOf(counts: Counts | undefined): number {
  return counts ? counts['load-failed'] + counts['swap-failed'] + counts['runtime-failure'] : 0;
}

export function loadsOf(counts: Counts | undefined): number {
  return counts ? counts.loaded + counts.swapped : 0;
}

export function Health({ counts }: { counts: Counts | undefined }) {
  const errors = errorsOf(counts);
  const loads = loadsOf(counts);
  if (errors) return <Badge kind="bad" title={`${count(loads, 'load')} since the server started`}>{count(errors, 'error')}</Badge>;
  if (loads) return <Badge kind="good">{count(loads, 'load')}</Badge>;
  return (
    <span class="dim none" title="No page has reported since the server started">
      –
    </span>
  );
}

const liveCounts = ({ name, live }: Module, reports: Reports) => (live ? reports.modules[name]?.versions[live.version] : undefined);

/** The list comes by name. */
function sorted(modules: Module[], order: Order, reports: Reports): Module[] {
  const rank: Record<Order, (module: Module) => number> = {
    name: () => 0,
    change: ({ live }) => live?.generation ?? -1,
    errors: (module) => errorsOf(liveCounts(module, reports)),
    open: ({ name }) => reports.open?.modules[name] ?? 0,
  };
  return order === 'name' ? modules : [...modules].sort((a, b) => rank[order](b) - rank[order](a));
}

/** How many browsers have a page with it open, at the tab that listens for all of its tabs. */
export function OpenIn({ browsers = 0 }: { browsers: number | undefined }) {
  return browsers ? <span title="The tab of a browser that listens for all of its tabs shows it">{count(browsers, 'browser')}</span> : <span class="dim none">–</span>;
}

function passes(filter: Filter, module: Module, reports: Reports): boolean {
  const counts = liveCounts(module, reports);
  switch (filter) {
    case 'failing':
      return errorsOf(counts) > 0;
    case 'behind':
      return module.live !== null && module.newest !== module.live.version;
    case 'dark':
      return module.live === null;
    default:
      return true;
  }
}

function Row({ module, reports }: { module: Module; reports: Reports }) {
  const { name, live, newest, versions } = module;
  const told = reports.modules[name];
  return (
    <tr class={live ? '' : 'is-dark'}>
      <th scope="row" data-label="Module">
        <a href={href(['modules', name])}>{name}</a>
        <span class="dim small">{count(versions, 'version')}</span>
      </th>
      <td data-label="Live" class="version">
        {live ? (
          <Badge kind="live" title={live.version}>
            {live.version}
          </Badge>
        ) : (
          <span class="dim">nothing live</span>
        )}
        {newest && newest !== live?.version && (
          <span class="dim small" title={newest}>
            newest {newest}
          </span>
        )}
      </td>
      <td data-label="Since" class="nowrap">
        {live ? <Time at={live.since} /> : '–'}
      </td>
      <td data-label="By">
        {live?.by ?? '–'}
        {live?.reason && (
          <span class="dim small clip" title={live.reason}>
            {live.reason}
          </span>
        )}
      </td>
      <td data-label="Health" class="nowrap">
        <Health counts={live ? told?.versions[live.version] : undefined} />
      </td>
      <td data-label="Open in" class="number open">
        <OpenIn browsers={reports.open?.modules[name]} />
      </td>
      <td data-label="Last hour">{told ? <Sparkline loads={told.loads} errors={told.errors} /> : <span class="dim">–</span>}</td>
    </tr>
  );
}

function List({ modules, reports }: { modules: Module[]; reports: Reports }) {
  const search = route.value.query.get('q') ?? '';
  const filter = (route.value.query.get('show') ?? 'all') as Filter;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const order = (route.value.query.get('sort') ?? 'name') as Order;
  const [rows, setRows] = useState(ROWS);
  const found = modules.filter((module) => words.every((word) => module.name.includes(word) || module.live?.version.includes(word) || module.live?.by.toLowerCase().includes(word)) && passes(filter, module, reports));
  const keep = (changes: Record<string, string | undefined>) => setQuery({ q: search || undefined, show: filter === 'all' ? undefined : filter, sort: order === 'name' ? undefined : order, ...changes });
  const shown = sorted(found, order, reports).slice(0, rows);
  return (
    <>
      <div class="toolbar">
        <input type="search" class="search" aria-label="Search modules" placeholder="Search by name, version or person" value={search} onInput={(event) => keep({ q: event.currentTarget.value || undefined })} />
        <div class="chips" role="group" aria-label="Show">
          {(Object.keys(FILTERS) as Filter[]).map((name) => (
            <button type="button" key={name} class="chip" aria-pressed={filter === name} onClick={() => keep({ show: name === 'all' ? undefined : name })}>
              {FILTERS[name]} <span class="chip-count">{modules.filter((module) => passes(name, module, reports)).length}</span>
            </button>
          ))}
        </div>
        <select class="end" aria-label="Order" value={order} onChange={(event) => keep({ sort: event.currentTarget.value === 'name' ? undefined : event.currentTarget.value })}>
          {(Object.keys(ORDERS) as Order[]).map((name) => (
            <option key={name} value={name}>
              {ORDERS[name]}
            </option>
          ))}
        </select>
      </div>
      <p class="sr" role="status">
        {count(found.length, 'module')} found
      </p>
      {found.length ? (
        <div class="panel flush">
          <table class="cards modules">
            <thead>
              <tr>
                <th scope="col">Module</th>
                <th scope="col">Live</th>
                <th scope="col">Since</th>
                <th scope="col">By</th>
                <th scope="col">Health</th>
                <th scope="col" class="number">Open in</th>
                <th scope="col">Last hour</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((module) => (
                <Row key={module.name} module={module} reports={reports} />
              ))}
            </tbody>
          </table>
          {found.length > shown.length && (
            <p class="more">
              <Button onClick={() => setRows(Infinity)}>Show all {found.length}</Button>
            </p>
          )}
        </div>
      ) : (
        <Empty title="No module is like that">
          <p>Search for less, or show all modules again.</p>
          <Button onClick={() => setQuery({})}>Show all</Button>
        </Empty>
      )}
    </>
  );
}

export function ModulesView() {
  const list = useResource('modules', async (signal) => {
    const [{ modules }, reports] = await Promise.all([call<{ modules: Module[] }>(url(['modules']), { signal }), call<Reports>(url(['reports']), { signal })]);
    return { modules, reports };
  });
  return (
    <>
      <Head title="Modules" sub={list.data ? `${count(list.data.reports.browsers, 'browser')} with open pages` : 'What visitors get now'}>
        <a class="button main" href={href(['upload'])}>
          Upload
        </a>
      </Head>
      <Shown of={list}>
        {({ modules, reports }) =>
          <>
            {modules.length > 0 && <List modules={modules} reports={reports} />}
            {modules.every(({ name }) => name === CONSOLE) && (
              <Empty title="No modules yet">
                <p>
                  A module comes into being with its first upload. <a href={href(['upload'])}>Upload a build</a>, or from a terminal:
                </p>
                <pre tabIndex={0}>berth push header-app@1.0.0 dist --activate</pre>
              </Empty>
            )}
          </>
        }
      </Shown>
    </>
  );
}
