"use strict";
(self["rspackChunkfixture_shop"] = self["rspackChunkfixture_shop"] || []).push([["src_Header_js"], {
"./src/Header.js"(__unused_rspack_module, __webpack_exports__, __webpack_require__) {
__webpack_require__.r(__webpack_exports__);
__webpack_require__.d(__webpack_exports__, {
  "default": () => (Header)
});
/* import */ var react__rspack_import_0 = __webpack_require__("webpack/sharing/consume/default/react/react");
/* import */ var react__rspack_import_0_default = /*#__PURE__*/__webpack_require__.n(react__rspack_import_0);

function Header() { return react__rspack_import_0_default().createElement('header', null, 'one'); }


},

}]);