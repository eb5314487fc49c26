/** Old versions of all modules by a rule: first what would go, then for good. */
import { useState } from 'preact/hooks';
import { call, url } from '../api';
import { bytes, count } from '../format';
import { href } from '../route';
import { Confirm } from '../ui/confirm';
import { Button, Field, ProblemBox, Section, Time } from '../ui/parts';

interface Gone {
  module: string;
  version: string;
  createdAt: string;
  bytes: number;
}

interface Cleaned {
  versions: Gone[];
  kept: number;
  blobs: number;
  bytes: number;
}

interface Rule {
  keepNewest: number;
  youngerThanDays: number;
}

const clean = (rule: Rule, dryRun: boolean) => call<Cleaned>(url(['gc']), { method: 'POST', body: { ...rule, dryRun } });
const SHOWN = 200;

function List({ versions }: { versions: Gone[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="What would go">
      <table>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Uploaded</th>
            <th scope="col" class="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {versions.slice(0, SHOWN).map(({ module, version, createdAt, bytes: size }) => (
            <tr key={`${module}@${version}`}>
              <th scope="row" class="path">
                <a href={href(['modules', module, version])}>
                  {module}@{version}
                </a>
              </th>
              <td class="nowrap">
                <Time at={createdAt} />
              </td>
              <td class="number">{bytes(size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {versions.length > SHOWN && <p class="more dim">and {versions.length - SHOWN} more</p>}
    </div>
  );
}

export function Cleanup() {
  const [rule, setRule] = useState<Rule>({ keepNewest: 20, youngerThanDays: 90 });
  const [found, setFound] = useState<{ rule: Rule; would: Cleaned } | undefined>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const change = (part: Partial<Rule>) => {
    setRule({ ...rule, ...part });
    setFound(undefined);
  };
  const look = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    await clean(rule, true).then((would) => setFound({ rule, would }), setError);
    setBusy(false);
  };
  const gone = found?.would.versions ?? [];
  return (
    <Section title="Old versions">
      <form class="row" onSubmit={look}>
        <Field label="Keep of each module the newest">
          <input type="number" required min={0} max={1_000_000} value={rule.keepNewest} onInput={(event) => change({ keepNewest: event.currentTarget.valueAsNumber })} />
        </Field>
        <Field label="and what is younger than, in days">
          <input type="number" required min={0} max={36_500} value={rule.youngerThanDays} onInput={(event) => change({ youngerThanDays: event.currentTarget.valueAsNumber })} />
        </Field>
        <Button type="submit" busy={busy}>
          See what would go
        </Button>
      </form>
      <ProblemBox error={error} />
      {!found && <p class="dim">What is live, and where a rollback would go, always stays.</p>}
      {found && (
        <>
          <p role="status">
            {gone.length ? (
              <>
                <strong>{count(gone.length, 'version')}</strong> would go, {count(found.would.kept, 'version')} would stay; {bytes(found.would.bytes)} of the disk would be free again.
              </>
            ) : found.would.blobs ? (
              <>No version would go, but {bytes(found.would.bytes)} that nothing uses any more.</>
            ) : (
              'Nothing would go.'
            )}
          </p>
          {gone.length > 0 && <List versions={gone} />}
          {(gone.length > 0 || found.would.blobs > 0) && (
            <p class="actions">
              <Button kind="danger" onClick={() => setAsking(true)}>
                Delete {gone.length ? count(gone.length, 'version') : 'it'}…
              </Button>
            </p>
          )}
        </>
      )}
      {asking && found && (
        <Confirm
          title={gone.length ? `Delete ${count(gone.length, 'version')}` : 'Free the disk of what nothing uses'}
          verb="Delete"
          danger
          noReason
          onClose={() => setAsking(false)}
          onDone={() => setFound(undefined)}
          act={async () => {
            const done = await clean(found.rule, false);
            return `${count(done.versions.length, 'version')} deleted, ${bytes(done.bytes)} freed`;
          }}
        >
          <p>They go for good, and their numbers stay taken. Open pages go on with what they have.</p>
        </Confirm>
      )}
    </Section>
  );
}
