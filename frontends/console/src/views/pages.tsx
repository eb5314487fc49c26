/** All pages, each with a picture of its slots. */
import { call, url } from '../api';
import { count } from '../format';
import { may } from '../may';
import { useResource } from '../resource';
import { href } from '../route';
import type { Module, Page, PageWithHistory, Reports } from '../types';
import { Empty, Head, Shown, Time } from '../ui/parts';
import { Picture, type World } from './picture';

export async function readWorld(signal: AbortSignal): Promise<World> {
  const [{ modules }, reports] = await Promise.all([call<{ modules: Module[] }>(url(['modules']), { signal }), call<Reports>(url(['reports']), { signal })]);
  return { modules: new Map(modules.map((module) => [module.name, module])), reports };
}

/** Pictures of so many; a list of all the others. */
const PICTURES = 24;

export function PagesView() {
  const pages = useResource('pages', async (signal) => {
    const [{ pages: list }, world] = await Promise.all([call<{ pages: Page[] }>(url(['pages']), { signal }), readWorld(signal)]);
    const whole = await Promise.all(list.slice(0, PICTURES).map(({ name }) => call<PageWithHistory>(url(['pages', name]), { signal }).catch(() => undefined)));
    return { list, whole: new Map(whole.filter((page) => page !== undefined).map((page) => [page.name, page])), world };
  });
  return (
    <>
      <Head title="Pages" sub="What the server composes, and where">
        {may('admin') && (
          <a class="button main" href={href(['pages', '+new'])}>
            New page
          </a>
        )}
      </Head>
      <Shown of={pages}>
        {({ list, whole, world }) =>
          list.length ? (
            <ul class="page-cards">
              {list.map((page) => {
                const manifest = whole.get(page.name)?.manifest;
                return (
                  <li key={page.name} class="panel">
                    <h2>
                      <a href={href(['pages', page.name])}>{page.name}</a>
                    </h2>
                    <p>
                      <code>{page.path}</code>
                    </p>
                    {manifest && <Picture manifest={manifest} world={world} small />}
                    <p class="dim small">
                      revision {page.revision}, <Time at={page.at} /> by {page.by}
                      {page.path && Boolean(world.reports.open?.pages[page.path]) && <>; open in {count(world.reports.open?.pages[page.path] ?? 0, 'browser')}</>}
                    </p>
                  </li>
                );
              })}
            </ul>
          ) : (
            <Empty title="No pages yet">
              <p>A page is a path with slots, each of which shows a module. Modules can be loaded by pages of your own without one.</p>
              {may('admin') && (
                <a class="button main" href={href(['pages', '+new'])}>
                  Make the first page
                </a>
              )}
            </Empty>
          )
        }
      </Shown>
    </>
  );
}
