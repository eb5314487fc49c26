// How the releases of header-app look when their own style sheet, and no other, applies.
export const LOOK = {
  '1.0.0': {
    version: '1.0.0',
    text: 'Version 1.0.0',
    backgroundColor: 'rgb(30, 64, 175)',
    border: '4px rgb(245, 184, 46)',
    radius: '0px',
    badge: 'rgb(30, 58, 138) on rgb(255, 255, 255), 4px',
  },
  '1.1.0': {
    version: '1.1.0',
    text: 'Version 1.1.0',
    backgroundColor: 'rgb(6, 95, 70)',
    border: 'none',
    radius: '20px',
    badge: 'rgb(6, 78, 59) on rgb(167, 243, 208), 16px',
  },
};

/** The lazy part of 1.1.0. */
export const DETAILS = { display: 'grid', term: 'rgb(110, 231, 183)', base: '/m/header-app@1.1.0/' };

/** Of 1.3.0, which must never be seen. */
export const RED = 'rgb(185, 28, 28)';
