/** The frame around the views: who is logged in, what can be seen, and whether news come in. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, forgetToken, toError, token, url, type ApiError } from './api';
import { connection, startLive } from './live';
import { may, session } from './may';
import { href, route } from './route';
import type { Session } from './types';
import { Empty, Head, Loading, ProblemBox } from './ui/parts';
import { ICONS } from './ui/icons';
import { cycleTheme, theme } from './ui/theme';
import { Toasts } from './ui/toast';
import { ActivityView } from './views/activity';
import { CompareView } from './views/compare';
import { LoginView } from './views/login';
import { ModuleView } from './views/module';
import { ModulesView } from './views/modules';
import { NewPageView, PageView } from './views/page';
import { PagesView } from './views/pages';
import { SystemView } from './views/system';
import { TokensView } from './views/tokens';
import { UploadView } from './views/upload';
import { VersionView } from './views/version';
import icon from './icon.svg';

const PLACES: [keyof typeof ICONS, string][] = [
  ['modules', 'Modules'],
  ['upload', 'Upload'],
  ['pages', 'Pages'],
  ['activity', 'Activity'],
  ['tokens', 'Tokens'],
  ['system', 'System'],
];

const STATES = {
  live: 'Changes are shown as they come',
  connecting: 'Connecting',
  polling: 'No event stream: looking every ten seconds',
  away: 'The server does not answer; the console tries again',
};

function View(): ComponentChildren {
  const { path, query } = route.value;
  const [place = 'modules', first, second] = path;
  switch (place) {
    case 'modules':
      if (!first) return <ModulesView />;
      if (second === 'compare') return <CompareView key={`${first} ${query}`} module={first} from={query.get('from') ?? ''} to={query.get('to') ?? ''} />;
      return second ? <VersionView key={`${first} ${second}`} module={first} name={second} /> : <ModuleView key={first} name={first} />;
    case 'upload':
      return <UploadView />;
    case 'pages':
      return first === '+new' ? <NewPageView /> : first ? <PageView key={first} name={first} /> : <PagesView />;
    case 'activity':
      return <ActivityView />;
    case 'tokens':
      return <TokensView />;
    case 'system':
      return <SystemView />;
    default:
      return (
        <>
          <Head title="Not here" />
          <Empty title="There is no such view">
            <p>
              <a href={href(['modules'])}>To the modules</a>
            </p>
          </Empty>
        </>
      );
  }
}

function Nav() {
  const place = route.value.path[0] ?? 'modules';
  return (
    <nav aria-label="Console">
      <a class="brand" href={href(['modules'])}>
        <img src={icon} alt="" width={26} height={26} />
        <span>Berth</span>
      </a>
      <ul>
        {PLACES.filter(([name]) => name !== 'tokens' || may('admin')).map(([name, text]) => (
          <li key={name}>
            <a href={href([name])} aria-current={place === name ? 'page' : undefined}>
              {ICONS[name]}
              <span>{text}</span>
            </a>
          </li>
        ))}
      </ul>
      <div class="nav-foot">
        <p class={`connection ${connection.value}`} title={STATES[connection.value]}>
          <i aria-hidden="true" />
          <span role="status">{connection.value === 'away' ? 'no answer' : connection.value}</span>
        </p>
        <p class="who" title={`token ${session.value?.token.id}, for ${session.value?.token.module}`}>
          {session.value?.token.name}
        </p>
        <div class="nav-buttons">
          <button type="button" class="link" onClick={cycleTheme} aria-label={`Colours: ${theme.value}`} title="Light, dark, or as the system">
            {theme.value}
          </button>
          <button
            type="button"
            class="link"
            onClick={() => {
              session.value = null;
              forgetToken();
            }}
          >
            Log out
          </button>
        </div>
      </div>
    </nav>
  );
}

/** After a change of view the reader, and the keyboard, begin at its title. */
function useTitle(): void {
  const { path } = route.value;
  const place = path.join('/');
  useEffect(() => {
    document.title = `${path.slice(0, 3).join(' ') || 'modules'} - Berth console`;
    if (document.activeElement === document.body || document.activeElement?.closest('nav, main')) document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [place]);
}

/** "/" goes to the search of the view. */
function useKeys(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const at = event.target as HTMLElement;
      if (event.key !== '/' || event.ctrlKey || event.metaKey || at.matches('input, textarea, select')) return;
      const search = document.querySelector<HTMLElement>('main .search');
      if (!search) return;
      event.preventDefault();
      search.focus();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}

function Inside() {
  useTitle();
  useKeys();
  useEffect(startLive, [token.value]);
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.querySelector<HTMLElement>('main h1')?.focus();
      }}>
        Skip to the content
      </a>
      <Nav />
      <main id="main">
        <View />
      </main>
      <Toasts />
    </div>
  );
}

export function App() {
  const [error, setError] = useState<ApiError | undefined>();
  useEffect(() => {
    if (!token.value || session.value) return;
    call<Session>(url(['session'])).then(
      (found) => (session.value = found),
      (reason: unknown) => setError(toError(reason)),
    );
  }, [token.value]);
  if (!token.value) return <LoginView />;
  if (!session.value)
    return (
      <main class="login">
        {error ? <ProblemBox error={error} onRetry={() => location.reload()} /> : <Loading />}
      </main>
    );
  return <Inside />;
}
