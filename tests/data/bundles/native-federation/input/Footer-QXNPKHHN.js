import{a as e}from"./chunk-5DEDEGDX.js";var t=class extends HTMLElement{connectedCallback(){this.textContent=e("footer")}};export{t as Footer,t as default};
