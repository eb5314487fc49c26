import { lazy, Suspense } from 'react';
import Content from '../content/Content';
import HeaderBoundary from './HeaderBoundary';
import './home.css';

const Header = lazy(() => import('appHeader/Header'));

export default function Home() {
  return (
    <>
      <HeaderBoundary>
        <Suspense fallback={<div className="home-page__header-space" />}>
          <Header />
        </Suspense>
      </HeaderBoundary>
      <main>
        <Content />
      </main>
    </>
  );
}
