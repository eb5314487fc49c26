/** A change with a reason: the second of two clicks. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { refresh } from '../live';
import { Dialog } from './dialog';
import { Button, Field, ProblemBox } from './parts';
import { say } from './toast';

interface Props {
  title: string;
  verb: string;
  danger?: boolean;
  /** The change; what it returns is said when it is done. */
  act: (reason: string) => Promise<string>;
  onClose: () => void;
  onDone?: () => void;
  /** Why the button cannot be pressed yet. */
  blocked?: (reason: string) => string | undefined;
  children?: ComponentChildren;
  noReason?: boolean;
  wide?: boolean;
}

export function Confirm({ title, verb, danger, act, onClose, onDone, blocked, children, noReason, wide }: Props) {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const wait = blocked?.(reason);
  const run = async (event: Event) => {
    event.preventDefault();
    if (wait || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      say(await act(reason.trim()));
      refresh();
      onClose();
      onDone?.();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose} {...(wide ? { wide } : {})}>
      <form onSubmit={run}>
        {children}
        {!noReason && (
          <Field label="Reason" hint="Others read it in the history and in the audit.">
            <input autofocus maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} placeholder="why, in a few words" />
          </Field>
        )}
        <ProblemBox error={error} />
        {wait && <p class="dim">{wait}</p>}
        <div class="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind={danger ? 'danger' : 'main'} busy={busy} disabled={Boolean(wait)}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
