/** One page: its slots, how it looks now, its manifest, and what it was before. */
import { useState } from 'preact/hooks';
import pageSchema from '../../../../manifests/page.schema.json';
import { call, url } from '../api';
import { count } from '../format';
import { may } from '../may';
import { useResource } from '../resource';
import { go, href } from '../route';
import { check, type Fault, type Schema } from '../schema';
import type { Manifest, PageWithHistory, Revision } from '../types';
import { Confirm } from '../ui/confirm';
import { Badge, Button, Empty, Field, Head, Section, Shown, Time } from '../ui/parts';
import { Picture, type World } from './picture';
import { Preview } from './preview';
import { readWorld } from './pages';

const TEMPLATE: Manifest = {
  path: '/new',
  title: 'A new page',
  layout: { columns: 'minmax(0, 1fr)', areas: ['header', 'content'] },
  slots: [
    { name: 'header', module: 'header-app', expose: './Header', fallback: '<p>The header is on its way.</p>' },
    { name: 'content', module: 'home-app', expose: './Content' },
  ],
};

const textOf = (manifest: Manifest) => JSON.stringify(manifest, null, 2);

function judge(text: string): { manifest?: Manifest; faults: Fault[] } {
  try {
    const manifest = JSON.parse(text) as Manifest;
    return { manifest, faults: check(pageSchema as unknown as Schema, manifest) };
  } catch (error) {
    return { faults: [{ where: '', text: `is no JSON: ${(error as Error).message}` }] };
  }
}

function Editor({ text, onText }: { text: string; onText: (text: string) => void }) {
  const { faults } = judge(text);
  return (
    <>
      <label class="sr" for="manifest">
        Manifest
      </label>
      <textarea id="manifest" class="editor" spellcheck={false} rows={Math.min(32, Math.max(12, text.split('\n').length + 1))} value={text} onInput={(event) => onText(event.currentTarget.value)} aria-describedby="manifest-faults" />
      <div id="manifest-faults" aria-live="polite">
        {faults.length ? (
          <ul class="findings">
            {faults.slice(0, 12).map(({ where, text: fault }, i) => (
              <li key={i} class="bad">
                <p>
                  <code>{where || 'the manifest'}</code> {fault}
                </p>
              </li>
            ))}
          </ul>
        ) : (
          <p>
            <Badge kind="good">valid</Badge> <span class="dim">against page.schema.json; the server has the last word</span>
          </p>
        )}
      </div>
    </>
  );
}

async function put(name: string, manifest: Manifest, revision: number, reason: string): Promise<string> {
  await call(url(['pages', name], { reason }), { method: 'PUT', body: manifest, headers: revision ? { 'if-match': `"${revision}"` } : { 'if-none-match': '*' } });
  return `Page ${name} is changed`;
}

function History({ page, onRestore }: { page: PageWithHistory; onRestore: (revision: Revision) => void }) {
  return (
    <ol class="timeline">
      {page.history.map((revision) => (
        <li key={revision.revision} class={revision.manifest ? 'page' : 'page-deleted'}>
          <p>
            <strong>{revision.manifest ? `Revision ${revision.revision}` : 'Deleted'}</strong> {revision.revision === page.revision && <Badge kind="live">live</Badge>}
          </p>
          <p class="dim small">
            <Time at={revision.at} /> by {revision.by}
          </p>
          {revision.manifest && (
            <div class="actions">
              <details>
                <summary>Show the manifest</summary>
                <pre tabIndex={0}>{textOf(revision.manifest)}</pre>
              </details>
              {revision.revision !== page.revision && may('admin') && (
                <Button onClick={() => onRestore(revision)} aria-label={`Go back to revision ${revision.revision}`}>
                  Go back to this
                </Button>
              )}
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}

type Pending = { kind: 'save'; manifest: Manifest } | { kind: 'restore'; revision: Revision } | { kind: 'delete' };

function Change({ pending, page, onClose, onDone }: { pending: Pending; page: PageWithHistory; onClose: () => void; onDone: () => void }) {
  const { name, revision } = page;
  if (pending.kind === 'delete')
    return (
      <Confirm
        title={`Delete the page ${name}`}
        verb="Delete"
        danger
        onClose={onClose}
        onDone={() => go(['pages'])}
        act={async (reason) => {
          await call(url(['pages', name], { reason }), { method: 'DELETE', headers: { 'if-match': `"${revision}"` } });
          return `Page ${name} is deleted`;
        }}
      >
        <p>Its path answers 404 from then on. The revisions stay in the history.</p>
      </Confirm>
    );
  const manifest = pending.kind === 'save' ? pending.manifest : (pending.revision.manifest as Manifest);
  return (
    <Confirm title={pending.kind === 'save' ? `Publish the page ${name}` : `Go back to revision ${pending.revision.revision}`} verb={pending.kind === 'save' ? 'Publish' : 'Go back'} onClose={onClose} onDone={onDone} act={(reason) => put(name, manifest, revision, reason)}>
      <p>
        It becomes revision {revision + 1} of <code>{manifest.path}</code>. Whoever opens the page from then on gets it.
      </p>
    </Confirm>
  );
}

function Where({ path, world }: { path: string | null; world: World }) {
  return (
    <>
      <code>{path}</code>
      {world.reports.open && `, open in ${count(world.reports.open.pages[path ?? ''] ?? 0, 'browser')}`}
    </>
  );
}

export function PageView({ name }: { name: string }) {
  const [draft, setDraft] = useState<string | undefined>();
  const [pending, setPending] = useState<Pending | undefined>();
  const page = useResource(`page ${name}`, async (signal) => {
    const [found, world] = await Promise.all([call<PageWithHistory>(url(['pages', name]), { signal }), readWorld(signal)]);
    return { found, world };
  });
  return (
    <>
      <Head title={name} back={{ href: href(['pages']), text: 'Pages' }} sub={page.data && <Where path={page.data.found.path} world={page.data.world} />}>
        {page.data && (
          <a class="button" href={href(['activity'], { page: name })}>
            What was live when?
          </a>
        )}
        {page.data && may('admin') && (
          <Button kind="quiet" onClick={() => setPending({ kind: 'delete' })}>
            Delete…
          </Button>
        )}
      </Head>
      <Shown of={page}>
        {({ found, world }) => {
          const current = textOf(found.manifest as Manifest);
          const text = draft ?? current;
          const judged = judge(text);
          return (
            <>
              <div class="columns wide-right">
                <Section title="Slots">
                  <Picture manifest={judged.manifest && !judged.faults.length ? judged.manifest : (found.manifest as Manifest)} world={world} />
                  {draft !== undefined && <p class="dim small">As it would be with the manifest below.</p>}
                </Section>
                <Section title="Now">
                  <Preview manifest={found.manifest as Manifest} key={found.path} />
                </Section>
              </div>
              <Section
                title="Manifest"
                aside={
                  may('admin') && (
                    <div class="actions">
                      {draft !== undefined && <Button onClick={() => setDraft(undefined)}>Undo</Button>}
                      <Button kind="main" disabled={text === current || judged.faults.length > 0} onClick={() => judged.manifest && setPending({ kind: 'save', manifest: judged.manifest })}>
                        Publish…
                      </Button>
                    </div>
                  )
                }
              >
                <Editor text={text} onText={setDraft} />
              </Section>
              <Section title="History">
                <History page={found} onRestore={(revision) => setPending({ kind: 'restore', revision })} />
              </Section>
              {pending && <Change pending={pending} page={found} onClose={() => setPending(undefined)} onDone={() => setDraft(undefined)} />}
            </>
          );
        }}
      </Shown>
    </>
  );
}

export function NewPageView() {
  const [name, setName] = useState('');
  const [text, setText] = useState(textOf(TEMPLATE));
  const [asking, setAsking] = useState(false);
  const { manifest, faults } = judge(text);
  const world = useResource('world', readWorld);
  if (!may('admin'))
    return (
      <>
        <Head title="New page" back={{ href: href(['pages']), text: 'Pages' }} />
        <Empty title="Pages are for admins">
          <p>Log in with a token that has the scope “admin” for all modules.</p>
        </Empty>
      </>
    );
  return (
    <>
      <Head title="New page" back={{ href: href(['pages']), text: 'Pages' }}>
        <Button kind="main" disabled={!/^[a-z0-9_-][a-z0-9._-]*$/.test(name) || faults.length > 0} onClick={() => setAsking(true)}>
          Publish…
        </Button>
      </Head>
      <Section title="Name">
        <Field label="Name of the page" hint="Small letters, digits, . _ and -; it is not the path.">
          <input value={name} onInput={(event) => setName(event.currentTarget.value)} placeholder="front" spellcheck={false} />
        </Field>
      </Section>
      <Section title="Manifest">
        <Editor text={text} onText={setText} />
      </Section>
      {manifest && !faults.length && world.data && (
        <Section title="Slots">
          <Picture manifest={manifest} world={world.data} />
        </Section>
      )}
      {asking && manifest && (
        <Confirm title={`Publish the page ${name}`} verb="Publish" onClose={() => setAsking(false)} onDone={() => go(['pages', name])} act={(reason) => put(name, manifest, 0, reason)}>
          <p>
            Whoever opens <code>{manifest.path}</code> from then on gets it.
          </p>
        </Confirm>
      )}
    </>
  );
}
