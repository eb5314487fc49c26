import{a as e}from"./chunk-5DEDEGDX.js";function r(){return e("header")}export{r as default};
