import { lazy, Suspense, useId, useState } from 'react';
import { usePictures } from '../pictures';
import './header.css';

const VERSION = '1.1.0';

const Details = lazy(() => import(/* webpackChunkName: "details" */ './Details'));

export default function Header() {
  const [open, setOpen] = useState(false);
  const detailsId = useId();
  const pictures = usePictures();

  return (
    <header className="app-header" data-testid="header" data-version={VERSION}>
      <div className="app-header__bar">
        <svg className="app-header__mark" viewBox="0 0 32 32" aria-hidden="true">
          <circle cx="16" cy="7" r="3.5" />
          <path d="M16 10.5V28M10 15h12M5 19c0 6 5 9 11 9s11-3 11-9" />
        </svg>
        <div className="app-header__titles">
          <h1 className="app-header__title">Microfrontend Header</h1>
          <p className="app-header__tagline">Now with details, loaded when you ask for them</p>
        </div>
        {pictures > 0 && (
          <span className="app-header__pictures" data-testid="header-pictures">
            {`Pictures: ${pictures}`}
          </span>
        )}
        <span className="app-header__version" data-testid="header-version">
          Version {VERSION}
        </span>
        <button
          className="app-header__button"
          type="button"
          aria-expanded={open}
          aria-controls={detailsId}
          onClick={() => setOpen(!open)}
        >
          {open ? 'Hide details' : 'Show details'}
        </button>
      </div>
      <div id={detailsId}>
        {open && (
          <Suspense fallback={<p className="app-header__loading">Loading details…</p>}>
            <Details version={VERSION} />
          </Suspense>
        )}
      </div>
    </header>
  );
}
