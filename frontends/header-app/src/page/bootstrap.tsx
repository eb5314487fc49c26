import { createRoot } from 'react-dom/client';
import Header from 'release/Header';
import './page.css';

createRoot(document.getElementById('root')!).render(<Header />);
