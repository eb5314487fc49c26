/** What a version would break among what is live, before it is made live. */
import type { Compatibility, Finding } from '../types';
import { Badge } from './parts';

function users({ users = [], more }: Finding): string {
  const names = users.map(({ page, slot, module, version }) => (page ? `page ${page}${slot ? `, slot ${slot}` : ''}` : `${module}@${version}`));
  return [...names, ...(more ? [`${more} more`] : [])].join('; ');
}

function Findings({ kind, of }: { kind: 'bad' | 'warn'; of: Finding[] }) {
  return (
    <ul class="findings">
      {of.map((finding, i) => (
        <li key={i} class={kind}>
          <p>
            <Badge kind={kind}>{kind === 'bad' ? 'breaks' : 'warning'}</Badge> {finding.text}
          </p>
          {finding.users && <p class="dim">used by {users(finding)}</p>}
          {finding.hint && <p class="dim">{finding.hint}</p>}
        </li>
      ))}
    </ul>
  );
}

export function CompatibilityReport({ report }: { report: Compatibility | null | undefined }) {
  if (report === undefined) return <p class="dim">Looking at what uses it…</p>;
  if (report === null) return <p class="dim">This server has no compatibility report.</p>;
  const { breaks, warnings, checked } = report;
  if (!breaks.length && !warnings.length)
    return (
      <p>
        <Badge kind="good">compatible</Badge> Nothing that is live breaks{checked ? `: ${checked.modules} modules and ${checked.pages} pages were looked at` : ''}.
      </p>
    );
  return (
    <>
      <Findings kind="bad" of={breaks} />
      <Findings kind="warn" of={warnings} />
    </>
  );
}
