"use strict";
(self["webpackChunkfixture_shop"] = self["webpackChunkfixture_shop"] || []).push([["src_Cart_js"], {
"./src/Cart.js"(__unused_rspack_module, __webpack_exports__, __webpack_require__) {
eval("{__webpack_require__.r(__webpack_exports__);\n__webpack_require__.d(__webpack_exports__, {\n  \"default\": () => (Cart),\n  more: () => (more)\n});\n/* import */ var react__rspack_import_0 = __webpack_require__(\"webpack/sharing/consume/default/react/react\");\n/* import */ var react__rspack_import_0_default = /*#__PURE__*/__webpack_require__.n(react__rspack_import_0);\n\n\nfunction Cart() { return react__rspack_import_0_default().createElement('div', {className: 'cart'}, 'two'); }\nconst more = () => __webpack_require__.e(/* import() */ \"src_Lazy_js\").then(__webpack_require__.bind(__webpack_require__, \"./src/Lazy.js\"));\n\n\n//# sourceURL=webpack://fixture-shop/./src/Cart.js?4935\n}");

},

}]);