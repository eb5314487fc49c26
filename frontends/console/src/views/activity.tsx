/** Who changed what and when, and what was live on a page at a time. */
import { useState } from 'preact/hooks';
import { call, url } from '../api';
import { clock, dateTime, dayOf, localInput } from '../format';
import { useResource } from '../resource';
import { href, route, setQuery } from '../route';
import type { Activity, Module, Page } from '../types';
import { Badge, Button, Empty, Field, Head, ProblemBox, Section, Shown } from '../ui/parts';
import { liveAt, type Moment } from './live-at';

const ACTIONS: Record<string, string> = {
  upload: 'Uploads',
  activate: 'Activations',
  rollback: 'Rollbacks',
  delete: 'Deletions',
  'page-put': 'Pages',
  'token-issue': 'Tokens',
};

const VERBS: Record<string, string> = {
  upload: 'uploaded',
  activate: 'activated',
  rollback: 'rolled back to',
  delete: 'deleted',
  'page-put': 'published the page',
  'page-delete': 'deleted the page',
  'token-issue': 'issued the token',
  'token-rotate': 'rotated the token',
  'token-revoke': 'revoked the token',
  imports: 'changed imports',
};

function target({ module, subject, action }: Activity): string | undefined {
  const version = subject.slice(subject.lastIndexOf('@') + 1);
  if (module) return action === 'delete' ? href(['modules', module]) : href(['modules', module, version]);
  return action.startsWith('page') ? href(['pages', subject]) : undefined;
}

function Record({ record }: { record: Activity }) {
  const { at, action, subject, by, reason, remote, details } = record;
  const link = target(record);
  const text = (name: string) => (typeof details?.[name] === 'string' ? (details[name] as string) : undefined);
  const previous = text('previous');
  const owner = text('module');
  return (
    <li class={action}>
      {remote && (
        <span class="dim small meta">
          {remote}, record {record.id}
        </span>
      )}
      <p>
        <time dateTime={at} title={dateTime(at)} class="clock">
          {clock(at)}
        </time>{' '}
        <strong>{by}</strong> {VERBS[action] ?? action} {link ? <a href={link}>{subject}</a> : <code>{subject}</code>}
        {text('name') && <span class="dim"> ({[text('name'), owner && `for ${owner}`].filter(Boolean).join(', ')})</span>}
        {details?.forced === true && (
          <>
            {' '}
            <Badge kind="bad">forced</Badge>
          </>
        )}
        {previous && <span class="dim"> (was {previous})</span>}
      </p>
      {reason && <p class="reason">{reason}</p>}
    </li>
  );
}

function Days({ records }: { records: Activity[] }) {
  const days = new Map<string, Activity[]>();
  for (const record of records) days.set(dayOf(record.at), [...(days.get(dayOf(record.at)) ?? []), record]);
  return (
    <>
      {[...days].map(([day, own]) => (
        <Section title={day} key={day}>
          <ol class="timeline">
            {own.map((record) => (
              <Record key={record.id} record={record} />
            ))}
          </ol>
        </Section>
      ))}
    </>
  );
}

function Timeline() {
  const { query } = route.value;
  const [module, action, who] = [query.get('module') ?? '', query.get('action') ?? '', query.get('by') ?? ''];
  const [pages, setPages] = useState<{ key: string; list: Activity[]; before: number | null } | undefined>();
  const [error, setError] = useState<unknown>();
  const names = useResource('module names', (signal) => call<{ modules: Module[] }>(url(['modules']), { signal }), false).data?.modules.map(({ name }) => name) ?? [];
  const key = `${module} ${action}`;
  // A name that is still being written is not looked for.
  const wanted = { module: module || undefined, action: action || undefined, limit: 100 };
  const first = useResource(`activity ${key}`, (signal) => call<{ activity: Activity[]; before: number | null }>(url(['activity'], wanted), { signal }));
  const older = pages?.key === key ? pages : undefined;
  const keep = (changes: { [name: string]: string | undefined }) => setQuery({ ...Object.fromEntries(query), ...changes });
  return (
    <>
      <div class="toolbar">
        <input type="search" class="search" aria-label="Module" list="activity-modules" placeholder="Module, by its whole name" defaultValue={module} onChange={(event) => keep({ module: event.currentTarget.value.trim() || undefined })} />
        <datalist id="activity-modules">
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <input type="search" class="search" aria-label="By" placeholder="Who" value={who} onInput={(event) => keep({ by: event.currentTarget.value || undefined })} />
        <div class="chips" role="group" aria-label="Show">
          <button type="button" class="chip" aria-pressed={!action} onClick={() => keep({ action: undefined })}>
            All
          </button>
          {Object.entries(ACTIONS).map(([name, text]) => (
            <button type="button" key={name} class="chip" aria-pressed={action === name} onClick={() => keep({ action: name })}>
              {text}
            </button>
          ))}
        </div>
      </div>
      <Shown of={first}>
        {({ activity, before }) => {
          const known = new Set(activity.map(({ id }) => id));
          const all = [...activity, ...(older?.list.filter(({ id }) => !known.has(id)) ?? [])].filter(({ by }) => by.toLowerCase().includes(who.toLowerCase()));
          const next = older ? older.before : before;
          const more = async () => {
            try {
              const answer = await call<{ activity: Activity[]; before: number | null }>(url(['activity'], { ...wanted, before: next ?? undefined }));
              setPages({ key, list: [...(older?.list ?? []), ...answer.activity], before: answer.before });
            } catch (failure) {
              setError(failure);
            }
          };
          return (
            <>
              {all.length ? (
                <Days records={all} />
              ) : (
                <Empty title="Nothing here">
                  <p>Nothing was changed that is like that. Take a filter away to see more.</p>
                </Empty>
              )}
              <ProblemBox error={error} />
              {next !== null && (
                <p class="more">
                  <Button onClick={() => void more()}>Show older</Button>
                </p>
              )}
            </>
          );
        }}
      </Shown>
    </>
  );
}

function Moments({ moment }: { moment: Moment }) {
  if (!moment.revision) return <p>There was no page of that name then.</p>;
  return (
    <>
      <p>
        At <strong>{dateTime(moment.at)}</strong> the page <strong>{moment.page}</strong> was revision {moment.revision.revision}:
      </p>
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Slot</th>
            <th scope="col">Module</th>
            <th scope="col">Live then</th>
            <th scope="col">Since</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {moment.slots.map(({ slot, module, version, record }) => (
            <tr key={`${slot} ${module}`}>
              <th scope="row" data-label="Slot">
                {slot}
              </th>
              <td data-label="Module">
                <a href={href(['modules', module])}>{module}</a>
              </td>
              <td data-label="Live then">{version ? <Badge kind="live">{version}</Badge> : <span class="dim">nothing</span>}</td>
              <td data-label="Since">{record ? dateTime(record.at) : '–'}</td>
              <td data-label="By">
                {record?.by ?? '–'}
                {record?.reason && <span class="dim small">{record.reason}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function LiveAt() {
  const pages = useResource('page names', (signal) => call<{ pages: Page[] }>(url(['pages']), { signal })).data?.pages ?? [];
  const [page, setPage] = useState(route.value.query.get('page') ?? '');
  const [time, setTime] = useState(localInput(new Date()));
  const [moment, setMoment] = useState<Moment | undefined>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const name = page || pages[0]?.name || '';
  const ask = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    // All of the minute that was asked for.
    await liveAt(name, new Date(time).getTime() + 59_999).then(setMoment, setError);
    setBusy(false);
  };
  return (
    <Section title="What was live on a page?">
      <form class="row" onSubmit={ask}>
        <Field label="Page">
          <select value={name} disabled={!pages.length} onChange={(event) => setPage(event.currentTarget.value)}>
            {!pages.length && <option>there is no page yet</option>}
            {pages.map((each) => (
              <option key={each.name} value={each.name}>
                {each.name} ({each.path})
              </option>
            ))}
          </select>
        </Field>
        <Field label="At">
          <input type="datetime-local" required value={time} onInput={(event) => setTime(event.currentTarget.value)} />
        </Field>
        <Button type="submit" busy={busy} disabled={!name}>
          Look
        </Button>
      </form>
      <ProblemBox error={error} />
      {moment && <Moments moment={moment} />}
    </Section>
  );
}

export function ActivityView() {
  return (
    <>
      <Head title="Activity" sub="One record for each change, in a chain that shows if one is altered" />
      <LiveAt />
      <Timeline />
    </>
  );
}
