import './details.css';

export default function Details({ version }: { version: string }) {
  return (
    <dl className="app-details" data-testid="header-details">
      <div className="app-details__item">
        <dt>Module</dt>
        <dd>header-app {version}</dd>
      </div>
      <div className="app-details__item">
        <dt>This part</dt>
        <dd>its own script and style sheet, loaded on the first click</dd>
      </div>
      <div className="app-details__item">
        <dt>Loaded from</dt>
        <dd data-testid="header-base">{new URL(__webpack_public_path__, document.baseURI).pathname}</dd>
      </div>
    </dl>
  );
}
