/** Activation, rollback and deletion, each with a reason. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, call, url } from '../api';
import { count } from '../format';
import type { Compatibility, Reports } from '../types';
import { Confirm } from '../ui/confirm';
import { CompatibilityReport } from '../ui/compatibility';

export interface Change {
  kind: 'activate' | 'rollback' | 'delete';
  module: string;
  version: string;
  live: string | null;
  /** What is live was read at this generation: a change in between is refused. */
  generation: number | undefined;
}

function useReport({ kind, module, version }: Change): Compatibility | null | undefined {
  const [report, setReport] = useState<Compatibility | null | undefined>();
  useEffect(() => {
    if (kind === 'delete') return;
    call<Compatibility>(url(['modules', module, 'versions', version, 'compatibility'])).then(setReport, () => setReport(null));
  }, [kind, module, version]);
  return report;
}

/** How many browsers have it open now; undefined until that is known. */
function useOpen({ kind, module }: Change): number | undefined {
  const [browsers, setBrowsers] = useState<number | undefined>();
  useEffect(() => {
    if (kind === 'delete') return;
    call<Reports>(url(['reports'])).then(({ open }) => setBrowsers(open?.modules[module] ?? 0), () => undefined);
  }, [kind, module]);
  return browsers;
}

const VERBS = { activate: 'Activate', rollback: 'Roll back to', delete: 'Delete' };

async function make(change: Change, reason: string, force: boolean): Promise<string> {
  const { kind, module, version, generation } = change;
  const headers: Record<string, string> = generation === undefined ? {} : { 'if-match': `"${generation}"` };
  if (kind === 'delete') {
    await call(url(['modules', module, 'versions', version], { reason }), { method: 'DELETE' });
    return `${module} ${version} is deleted`;
  }
  const body = { version, ...(reason ? { reason } : {}), ...(force ? { force } : {}) };
  if (kind === 'rollback') await call(url(['modules', module, 'rollback']), { method: 'POST', body, headers });
  else await call(url(['modules', module, 'live']), { method: 'PUT', body, headers });
  return `${module} ${version} is live`;
}

export function ChangeDialog({ change, onClose, onDone }: { change: Change; onClose: () => void; onDone?: () => void }) {
  const { kind, module, version, live } = change;
  const told = useReport(change);
  const open = useOpen(change);
  const [refused, setRefused] = useState<Compatibility | undefined>();
  const report = refused ?? told;
  const breaks = Boolean(report && report.breaks.length);
  const act = (reason: string) =>
    make(change, reason, breaks).catch((error: unknown) => {
      if (error instanceof ApiError && error.problem.compatibility) setRefused(error.problem.compatibility);
      throw error;
    });
  return (
    <Confirm
      title={`${VERBS[kind]} ${kind === 'rollback' ? version : `${module} ${version}`}`}
      verb={breaks ? `${VERBS[kind]} ${version} all the same` : `${VERBS[kind]} ${version}`}
      danger={kind === 'delete' || breaks}
      act={act}
      onClose={onClose}
      {...(onDone ? { onDone } : {})}
      blocked={(reason) => (breaks && !reason.trim() ? 'It breaks what is live: give a reason to do it all the same.' : undefined)}
    >
      {kind === 'delete' ? (
        <p>The version goes for good, and its number stays taken. Open pages go on with what they have.</p>
      ) : (
        <>
          <p>
            Every open page changes from <strong>{live ?? 'nothing'}</strong> to <strong>{version}</strong> at once
            {open ? `: it is open in ${count(open, 'browser')} now` : ''}.
          </p>
          <CompatibilityReport report={report} />
        </>
      )}
    </Confirm>
  );
}
