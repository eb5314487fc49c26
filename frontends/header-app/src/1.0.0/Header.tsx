import { usePictures } from '../pictures';
import './header.css';

const VERSION = '1.0.0';

export default function Header() {
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
          <p className="app-header__tagline">Built, released and rolled back on its own</p>
        </div>
        {pictures > 0 && (
          <span className="app-header__pictures" data-testid="header-pictures">
            {`Pictures: ${pictures}`}
          </span>
        )}
        <span className="app-header__version" data-testid="header-version">
          Version {VERSION}
        </span>
      </div>
    </header>
  );
}
