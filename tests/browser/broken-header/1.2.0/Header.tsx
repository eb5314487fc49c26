// Throws while the exposed module is evaluated: nothing of this release can ever be mounted.
throw new Error('header-app 1.2.0 is broken on purpose: it throws at evaluation');

export default function Header() {
  return null;
}
