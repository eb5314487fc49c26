import { h } from 'vue';

export default () => h('p', { class: 'card-more', 'data-card': 'more' }, 'more of __VARIANT__ __VERSION__');
