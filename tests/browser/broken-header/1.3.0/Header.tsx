// Loads well and throws at its first render.
import './header.css';

export default function Header(): never {
  throw new Error('header-app 1.3.0 is broken on purpose: it throws at its first render');
}
