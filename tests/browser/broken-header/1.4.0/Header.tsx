// Goes wrong for ever in the way that is put in for __FAULT__ once it is built. It never clears what it started.
import { useEffect, useLayoutEffect, useReducer, useState } from 'react';
import './header.css';

// Parsed, so that the minifier leaves the other faults in.
const FAULT: string = JSON.parse('"__FAULT__"');

const fail = () => {
  throw new Error(`header-app 1.4.0 is broken on purpose: ${FAULT}`);
};

/** A part of the page by itself: renders as often as `window.looped` says. */
function Loop() {
  const [count, again] = useReducer((n: number) => n + 1, 0);
  const looped = window as { looped?: number };
  looped.looped = (looped.looped ?? 0) + 1;

  if (FAULT === 'render') again();
  useLayoutEffect(() => {
    if (FAULT === 'layout effect' || FAULT === 'late layout effect') again();
  });
  useEffect(() => {
    if (FAULT === 'effect') again();
    if (FAULT === 'timer') setTimeout(again);
    if (FAULT === 'failing microtask') {
      queueMicrotask(() => {
        again();
        fail();
      });
    }
    if (FAULT === 'failing promise') {
      void Promise.resolve().then(() => {
        again();
        fail();
      });
    }
  });
  return <span data-testid="header-loop">{count}</span>;
}

export default function Header() {
  const [late, setLate] = useState(FAULT !== 'late layout effect');
  useEffect(() => {
    if (FAULT === 'interval') setInterval(fail, 20);
    if (!late) setTimeout(setLate, 50, true);
  }, []);
  return (
    <header className="app-header" data-testid="header" data-version="1.4.0">
      <span data-testid="header-version">Version 1.4.0</span>
      {late && <Loop />}
    </header>
  );
}
