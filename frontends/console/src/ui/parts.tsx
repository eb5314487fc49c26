/** The small parts that every view is made of. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api';
import { ago, dateTime } from '../format';
import type { Resource } from '../resource';

export function classes(...names: (string | false | undefined)[]): string {
  return names.filter(Boolean).join(' ');
}

type ButtonProps = JSX.IntrinsicElements['button'] & { kind?: 'main' | 'danger' | 'quiet'; busy?: boolean };

export function Button({ kind, busy, disabled, children, class: more, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} class={classes('button', kind, more as string)} disabled={disabled || busy} aria-busy={busy}>
      {children}
    </button>
  );
}

export function Badge({ kind, title, children }: { kind?: 'good' | 'bad' | 'warn' | 'live'; title?: string; children: ComponentChildren }) {
  return (
    <span class={classes('badge', kind)} title={title}>
      {children}
    </span>
  );
}

/** A time as a distance from now, with the whole of it behind. */
export function Time({ at, prefix }: { at: string | null | undefined; prefix?: string }) {
  const [, again] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => again((turn) => turn + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return <span class="dim">never</span>;
  return (
    <time dateTime={at} title={dateTime(at)}>
      {prefix}
      {ago(at)}
    </time>
  );
}

/** What went wrong, where, and what to do. */
export function ProblemBox({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (!error) return null;
  const known = error instanceof ApiError ? error : undefined;
  const { detail, title, where, hint, requestId } = known?.problem ?? { detail: String(error) };
  return (
    <div class="problem" role="alert">
      <p class="problem-text">{detail ?? title ?? 'something went wrong'}</p>
      <dl>
        {where && (
          <>
            <dt>Where</dt>
            <dd>
              <code>{where}</code>
            </dd>
          </>
        )}
        {known?.rule && (
          <>
            <dt>Rule</dt>
            <dd>
              <code>{known.rule}</code>
            </dd>
          </>
        )}
        {hint && (
          <>
            <dt>To do</dt>
            <dd>{hint}</dd>
          </>
        )}
        {requestId && (
          <>
            <dt>Request</dt>
            <dd>
              <code>{requestId}</code> <span class="dim">(it is in the server's log)</span>
            </dd>
          </>
        )}
      </dl>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading() {
  return (
    <div class="loading" aria-busy="true">
      <span class="sr">Loading</span>
      <i />
      <i />
      <i />
    </div>
  );
}

/** A resource's data, or why it is not there; an error beside older data is shown above it. */
export function Shown<T>({ of, children }: { of: Resource<T>; children: (data: T) => ComponentChildren }) {
  if (of.data === undefined) return of.error ? <ProblemBox error={of.error} onRetry={of.reload} /> : <Loading />;
  return (
    <>
      {of.error && <ProblemBox error={of.error} />}
      {children(of.data)}
    </>
  );
}

export function Head({ title, back, children, sub }: { title: ComponentChildren; back?: { href: string; text: string }; children?: ComponentChildren; sub?: ComponentChildren }) {
  return (
    <header class="view-head">
      <div class="view-title">
        {back && (
          <a class="back" href={back.href}>
            <span aria-hidden="true">‹ </span>
            {back.text}
          </a>
        )}
        <h1 tabIndex={-1}>{title}</h1>
        {sub && <p class="dim">{sub}</p>}
      </div>
      {children && <div class="actions">{children}</div>}
    </header>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: ComponentChildren; children: ComponentChildren }) {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      {children}
      {hint && <span class="field-hint">{hint}</span>}
    </label>
  );
}

export function Section({ title, children, aside }: { title: string; children: ComponentChildren; aside?: ComponentChildren }) {
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** A share of a whole. */
export function Meter({ value, max, label }: { value: number; max: number; label: string }) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  return (
    <span class={classes('meter', share > 0.9 && 'full')} role="img" aria-label={label}>
      <span style={{ width: `${(share * 100).toFixed(1)}%` }} />
    </span>
  );
}
