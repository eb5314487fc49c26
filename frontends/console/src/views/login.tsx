/** A token is all it takes; it stays in this tab. */
import { useState } from 'preact/hooks';
import { call, ended, keepToken, toError, url } from '../api';
import { session } from '../may';
import type { Session } from '../types';
import { Button, Field, ProblemBox } from '../ui/parts';
import icon from '../icon.svg';

export function LoginView() {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const login = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const as = text.trim();
      session.value = await call<Session>(url(['session']), { as });
      keepToken(as);
    } catch (failure) {
      setError(toError(failure));
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form class="panel" onSubmit={login}>
        <img src={icon} alt="" width={48} height={48} />
        <h1>Berth</h1>
        <p class="dim">What is live, who made it so, and the way back.</p>
        <Field label="Token">
          <input autofocus required type="password" name="token" autocomplete="current-password" value={text} onInput={(event) => setText(event.currentTarget.value)} placeholder="berth_…" spellcheck={false} />
        </Field>
        {!error && ended.value && <p>You were logged out: the server does not take this token any more.</p>}
        <ProblemBox error={error ?? ended.value} />
        <Button type="submit" kind="main" busy={busy}>
          Log in
        </Button>
        <p class="dim small">
          The first one lies in the server's data folder, in <code>admin.token</code>. It is kept in this tab alone, and gone when the tab is closed.
        </p>
      </form>
    </main>
  );
}
