/** Short news of what one did oneself; read to who cannot see it. */
import { signal } from '@preact/signals';

const LIFE_MS = 6000;
const toasts = signal<{ id: number; text: string }[]>([]);
let last = 0;

export function say(text: string): void {
  const id = ++last;
  toasts.value = [...toasts.value, { id, text }];
  setTimeout(() => (toasts.value = toasts.value.filter((toast) => toast.id !== id)), LIFE_MS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}
