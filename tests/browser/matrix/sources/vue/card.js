import { createApp, defineAsyncComponent, h, ref } from 'vue';
import { styled } from './styled.js';

__EVALUATION_FAULT__;

const More = defineAsyncComponent(async () => {
  const [{ default: More }] = await Promise.all([import('./more.js'), styled('more.css')]);
  return More;
});

const Card = {
  setup() {
    const open = ref(false);
    return () => {
      __RENDER_FAULT__;
      return h('section', { class: 'card' }, [
        h('p', { 'data-card': 'text' }, '__VARIANT__ __VERSION__'),
        h('button', { type: 'button', 'data-card': 'open', onClick: () => (open.value = true) }, 'More'),
        open.value && h(More),
      ]);
    };
  },
};

export async function mount(element, props, { onError }) {
  await styled('card.css');
  const app = createApp(Card);
  app.config.errorHandler = onError;
  app.mount(element);
  return { unmount: () => app.unmount() };
}
