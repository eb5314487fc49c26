import { Component, type ReactNode } from 'react';

interface State {
  failed: boolean;
}

/** Another team's header must not take this page down: whatever it fails at, a notice stands in its place. */
export default class HeaderBoundary extends Component<{ children: ReactNode }, State> {
  state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  render() {
    if (!this.state.failed) {
      return this.props.children;
    }
    return (
      <p className="home-page__notice" role="status" data-testid="header-notice">
        The header could not be shown. The rest of this page works as usual.
      </p>
    );
  }
}
