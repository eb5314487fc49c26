// Shared modules and remotes are ready only after an asynchronous step, so everything else is behind this import.
import('./bootstrap');
