"use strict";
(self["webpackChunkfixture_shop"] = self["webpackChunkfixture_shop"] || []).push([["src_Header_js"], {
"./src/Header.js"(__unused_rspack_module, __webpack_exports__, __webpack_require__) {
eval("{__webpack_require__.r(__webpack_exports__);\n__webpack_require__.d(__webpack_exports__, {\n  \"default\": () => (Header)\n});\n/* import */ var react__rspack_import_0 = __webpack_require__(\"webpack/sharing/consume/default/react/react\");\n/* import */ var react__rspack_import_0_default = /*#__PURE__*/__webpack_require__.n(react__rspack_import_0);\n\nfunction Header() { return react__rspack_import_0_default().createElement('header', null, 'one'); }\n\n\n//# sourceURL=webpack://fixture-shop/./src/Header.js?2fac\n}");

},

}]);