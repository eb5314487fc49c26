/** Who may do what: tokens are shown once, when they are made. */
import { useState } from 'preact/hooks';
import { call, url } from '../api';
import { refresh } from '../live';
import { may, session } from '../may';
import { useResource } from '../resource';
import type { Scope, Token } from '../types';
import { Confirm } from '../ui/confirm';
import { Dialog } from '../ui/dialog';
import { Badge, Button, Empty, Field, Head, ProblemBox, Shown, Time } from '../ui/parts';
import { say } from '../ui/toast';

const SCOPES: Record<Scope, string> = {
  read: 'see what there is',
  publish: 'upload versions',
  activate: 'make versions live, roll back, delete',
  admin: 'all of that, pages and tokens too',
};

interface Issued {
  id: string;
  name: string;
  token: string;
  expiresAt: string | null;
}

function state(token: Token): { text: string; kind?: 'good' | 'bad' | 'warn' } {
  if (token.revokedAt) return { text: 'revoked', kind: 'bad' };
  if (token.expiresAt && Date.parse(token.expiresAt) < Date.now()) return { text: 'expired', kind: 'bad' };
  if (token.replacedBy) return { text: 'being replaced', kind: 'warn' };
  return { text: 'good', kind: 'good' };
}

/** Browsers give pages that came by plain http no clipboard; there the text is marked, to be copied by hand. */
async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied');
  } catch {
    const secret = document.querySelector('.secret code');
    if (secret) getSelection()?.selectAllChildren(secret);
    say('This browser gives no clipboard here: it is marked, copy it with Ctrl+C');
  }
}

function Once({ issued, onClose }: { issued: Issued; onClose: () => void }) {
  return (
    <Dialog title={`The token “${issued.name}”`} onClose={onClose}>
      <p>Copy it now: it is shown this once, and the server keeps only its digest.</p>
      <p class="secret">
        <code data-testid="secret">{issued.token}</code>
      </p>
      <div class="dialog-actions">
        <Button
          onClick={() => void copy(issued.token)}
        >
          Copy
        </Button>
        <Button kind="main" onClick={onClose}>
          I have it
        </Button>
      </div>
    </Dialog>
  );
}

const LIVES: Record<string, number> = { 'in 30 days': 30, 'in 90 days': 90, 'in a year': 365, never: 0 };

function Create({ onClose, onIssued }: { onClose: () => void; onIssued: (issued: Issued) => void }) {
  const [name, setName] = useState('');
  const [module, setModule] = useState('*');
  const [can, setCan] = useState<Scope[]>(['publish', 'activate']);
  const [life, setLife] = useState('in 90 days');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const create = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const days = LIVES[life] ?? 0;
    const expiresAt = days ? new Date(Date.now() + days * 86_400_000).toISOString() : null;
    try {
      onIssued(await call<Issued>(url(['tokens']), { method: 'POST', body: { name, module: module.trim() || '*', can, expiresAt } }));
      refresh();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title="New token" onClose={onClose}>
      <form onSubmit={create}>
        <Field label="Name" hint="Others see it in the history: the person or the machine that uses it.">
          <input autofocus required maxLength={63} value={name} onInput={(event) => setName(event.currentTarget.value)} placeholder="ci of header-app" />
        </Field>
        <Field label="For" hint="A module, all of a scope (@shop/*), or * for all modules.">
          <input value={module} onInput={(event) => setModule(event.currentTarget.value)} spellcheck={false} />
        </Field>
        <fieldset class="field">
          <legend class="field-label">May</legend>
          {(Object.keys(SCOPES) as Scope[]).map((scope) => (
            <label class="check" key={scope}>
              <input type="checkbox" checked={can.includes(scope)} onChange={(event) => setCan(event.currentTarget.checked ? [...can, scope] : can.filter((other) => other !== scope))} />
              <span>
                <strong>{scope}</strong> <span class="dim">{SCOPES[scope]}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Field label="Ends">
          <select value={life} onChange={(event) => setLife(event.currentTarget.value)}>
            {Object.keys(LIVES).map((text) => (
              <option key={text}>{text}</option>
            ))}
          </select>
        </Field>
        <ProblemBox error={error} />
        <div class="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="main" busy={busy} disabled={!can.length}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function TokensView() {
  const [creating, setCreating] = useState(false);
  const [issued, setIssued] = useState<Issued | undefined>();
  const [change, setChange] = useState<{ kind: 'revoke' | 'rotate'; token: Token } | undefined>();
  const tokens = useResource('tokens', (signal) => call<{ tokens: Token[] }>(url(['tokens']), { signal }));
  if (!may('admin'))
    return (
      <>
        <Head title="Tokens" />
        <Empty title="Tokens are for admins">
          <p>Log in with a token that has the scope “admin” for all modules.</p>
        </Empty>
      </>
    );
  return (
    <>
      <Head title="Tokens" sub="Who may do what">
        <Button kind="main" onClick={() => setCreating(true)}>
          New token
        </Button>
      </Head>
      <Shown of={tokens}>
        {({ tokens: list }) => (
          <div class="panel flush">
            <table class="cards">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">For</th>
                  <th scope="col">May</th>
                  <th scope="col">Last use</th>
                  <th scope="col">Ends</th>
                  <th scope="col">State</th>
                  <td />
                </tr>
              </thead>
              <tbody>
                {list.map((token) => {
                  const { text, kind } = state(token);
                  const usable = !token.revokedAt && text !== 'expired';
                  return (
                    <tr key={token.id}>
                      <th scope="row" data-label="Name">
                        {token.name}
                        {token.id === session.value?.token.id && <span class="dim"> (this one)</span>}
                        <span class="dim small">
                          <code>{token.id}</code>
                        </span>
                      </th>
                      <td data-label="For">
                        <code>{token.module}</code>
                      </td>
                      <td data-label="May">{token.can.includes('admin') ? 'admin' : token.can.join(', ')}</td>
                      <td data-label="Last use">
                        <Time at={token.usedAt} />
                      </td>
                      <td data-label="Ends">{token.expiresAt ? <Time at={token.expiresAt} /> : <span class="dim">never</span>}</td>
                      <td data-label="State">
                        <Badge {...(kind ? { kind } : {})}>{text}</Badge>
                      </td>
                      <td class="row-actions" data-label="">
                        {usable && (
                          <>
                            {!token.replacedBy && (
                              <Button kind="quiet" onClick={() => setChange({ kind: 'rotate', token })} aria-label={`Rotate ${token.name}`}>
                                Rotate
                              </Button>
                            )}
                            <Button kind="quiet" onClick={() => setChange({ kind: 'revoke', token })} aria-label={`Revoke ${token.name}`}>
                              Revoke
                            </Button>
                          </>
                        )}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </Shown>
      {creating && (
        <Create
          onClose={() => setCreating(false)}
          onIssued={(made) => {
            setCreating(false);
            setIssued(made);
          }}
        />
      )}
      {issued && <Once issued={issued} onClose={() => setIssued(undefined)} />}
      {change && (
        <Confirm
          title={`${change.kind === 'revoke' ? 'Revoke' : 'Rotate'} “${change.token.name}”`}
          verb={change.kind === 'revoke' ? 'Revoke' : 'Rotate'}
          danger={change.kind === 'revoke'}
          noReason
          onClose={() => setChange(undefined)}
          act={async () => {
            const { id, name } = change.token;
            if (change.kind === 'revoke') {
              await call(url(['tokens', id]), { method: 'DELETE' });
              return `${name} is revoked`;
            }
            setIssued(await call<Issued>(url(['tokens', id, 'rotate']), { method: 'POST', body: {} }));
            return `${name} has a successor`;
          }}
        >
          {change.kind === 'revoke' ? (
            <p>
              Whoever uses it is refused from then on{change.token.id === session.value?.token.id && <strong>: it is the one you are logged in with</strong>}.
            </p>
          ) : (
            <p>A new secret is made and shown once. The old one stays good for a day.</p>
          )}
        </Confirm>
      )}
    </>
  );
}
