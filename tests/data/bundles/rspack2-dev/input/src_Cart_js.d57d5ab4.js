"use strict";
(self["rspackChunkfixture_shop"] = self["rspackChunkfixture_shop"] || []).push([["src_Cart_js"], {
"./src/Cart.js"(__unused_rspack_module, __webpack_exports__, __webpack_require__) {
__webpack_require__.r(__webpack_exports__);
__webpack_require__.d(__webpack_exports__, {
  "default": () => (Cart),
  more: () => (more)
});
/* import */ var react__rspack_import_0 = __webpack_require__("webpack/sharing/consume/default/react/react");
/* import */ var react__rspack_import_0_default = /*#__PURE__*/__webpack_require__.n(react__rspack_import_0);


function Cart() { return react__rspack_import_0_default().createElement('div', {className: 'cart'}, 'two'); }
const more = () => __webpack_require__.e(/* import() */ "src_Lazy_js").then(__webpack_require__.bind(__webpack_require__, "./src/Lazy.js"));


},

}]);