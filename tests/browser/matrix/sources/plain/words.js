export const text = '__VARIANT__ __VERSION__';
export const more = 'more of __VARIANT__ __VERSION__';
