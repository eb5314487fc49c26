/** A version on pages before it is live: for one browser, with a badge on the page to leave it. */
import { useState } from 'preact/hooks';
import { call, url } from '../api';
import { may, session } from '../may';
import { useResource } from '../resource';
import type { Manifest, Page, PageWithHistory, Version } from '../types';
import { Dialog } from '../ui/dialog';
import { Button, Loading, ProblemBox } from '../ui/parts';

export function modulesOf({ slots = [], document }: Manifest): string[] {
  return [...new Set([...slots.map(({ module }) => module), ...(document ? [document.module] : [])])];
}

/** What goes behind a page's address: signed by the server, good for some hours. */
async function sign(module: string, version: string): Promise<string> {
  const { berth } = await call<{ berth: string }>(url(['modules', module, 'versions', version, 'preview']), { method: 'POST' });
  return `?berth=${encodeURIComponent(berth)}`;
}

export function PreviewDialog({ module, version, onClose }: { module: string; version: string; onClose: () => void }) {
  const links = useResource(
    `preview ${module} ${version}`,
    async (signal) => {
      const [{ pages }, query] = await Promise.all([call<{ pages: Page[] }>(url(['pages']), { signal }), sign(module, version)]);
      const whole = await Promise.all(pages.map(({ name }) => call<PageWithHistory>(url(['pages', name]), { signal }).catch(() => undefined)));
      return { query, pages: whole.filter((page) => page?.manifest && modulesOf(page.manifest).includes(module)) as PageWithHistory[] };
    },
    false,
  );
  const origin = session.value?.publicUrl ?? '';
  return (
    <Dialog title={`See ${module} ${version} on a page`} onClose={onClose}>
      <p>Only the browser that opens the link sees it, for eight hours or until it leaves by the badge on the page.</p>
      <ProblemBox error={links.error} />
      {links.data ? (
        links.data.pages.length ? (
          <ul class="plain">
            {links.data.pages.map(({ name, path }) => (
              <li key={name}>
                <a href={`${origin}${path}${links.data?.query}`} target="_blank" rel="noreferrer">
                  {name} <code>{path}</code>
                </a>
              </li>
            ))}
          </ul>
        ) : (
          <p class="dim">No page shows this module.</p>
        )
      ) : (
        !links.error && <Loading />
      )}
      <div class="dialog-actions">
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

const SHOWN = 20;

/** A page as it is, or with one version in place of what is live. */
export function Preview({ manifest }: { manifest: Manifest }) {
  const [width, setWidth] = useState('100%');
  const [query, setQuery] = useState('');
  const [error, setError] = useState<unknown>();
  const origin = session.value?.publicUrl;
  const modules = modulesOf(manifest).filter((module) => may('activate', module));
  const versions = useResource(`versions of ${modules.join()}`, async (signal) => {
    const lists = await Promise.all(modules.map((module) => call<{ versions: Version[] }>(url(['modules', module, 'versions'], { limit: SHOWN }), { signal }).catch(() => ({ versions: [] }))));
    return lists.flatMap((list) => [...list.versions].reverse()).filter(({ live }) => !live);
  });
  if (!origin) return <p class="dim">The server does not know where its pages can be seen: start it with --public-url.</p>;
  const choose = (text: string) => {
    setError(undefined);
    if (!text) {
      // The cookie of the preview goes, too.
      setQuery('?berth=');
      return;
    }
    const at = text.lastIndexOf('@');
    sign(text.slice(0, at), text.slice(at + 1)).then(setQuery, setError);
  };
  return (
    <>
      <div class="toolbar">
        <div class="chips" role="group" aria-label="Width of the preview">
          {['100%', '768px', '360px'].map((size) => (
            <button type="button" key={size} class="chip" aria-pressed={width === size} onClick={() => setWidth(size)}>
              {size === '100%' ? 'Wide' : size.replace('px', ' px')}
            </button>
          ))}
        </div>
        {Boolean(versions.data?.length) && (
          <select aria-label="Show with" onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">with what is live</option>
            {versions.data?.map(({ module, version }) => (
              <option key={`${module}@${version}`} value={`${module}@${version}`}>
                with {module} {version}
              </option>
            ))}
          </select>
        )}
        <a href={origin + manifest.path + query} target="_blank" rel="noreferrer">
          Open the page
        </a>
      </div>
      <ProblemBox error={error} />
      <div class="preview">
        <iframe src={origin + manifest.path + query} title={`The page ${manifest.path}`} style={{ width }} loading="lazy" />
      </div>
    </>
  );
}
