/** What a page showed at a time, from its revisions and the audit. */
import { call, url } from '../api';
import type { Activity, PageWithHistory, Revision } from '../types';

export interface Moment {
  page: string;
  at: string;
  revision?: Revision;
  slots: { slot: string; module: string; version: string | undefined; record: Activity | undefined }[];
}

/** The newest activation or rollback of the module up to then. */
async function lastChange(module: string, until: number): Promise<Activity | undefined> {
  let before: number | undefined;
  do {
    const answer: { activity: Activity[]; before: number | null } = await call(url(['activity'], { module, limit: 1000, before }));
    const found = answer.activity.find(({ action, at }) => (action === 'activate' || action === 'rollback') && Date.parse(at) <= until);
    if (found) return found;
    before = answer.before ?? undefined;
  } while (before);
  return undefined;
}

export async function liveAt(page: string, time: number): Promise<Moment> {
  const { history } = await call<PageWithHistory>(url(['pages', page]));
  const at = new Date(time).toISOString();
  const revision = history.find((each) => Date.parse(each.at) <= time);
  const { slots = [], document } = revision?.manifest ?? {};
  if (!revision?.manifest) return { page, at, slots: [] };
  const places = document ? [{ name: 'document', module: document.module }] : slots;
  const modules = [...new Set(places.map(({ module }) => module))];
  const records = new Map(await Promise.all(modules.map(async (module) => [module, await lastChange(module, time)] as const)));
  return {
    page,
    at,
    revision,
    slots: places.map(({ name, module }) => {
      const record = records.get(module);
      return { slot: name, module, version: record?.subject.slice(module.length + 1), record };
    }),
  };
}
