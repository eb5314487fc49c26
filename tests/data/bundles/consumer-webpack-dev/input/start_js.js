"use strict";
(self["webpackChunkfixture_page"] = self["webpackChunkfixture_page"] || []).push([["start_js"],{

/***/ "./start.js":
/*!******************!*\
  !*** ./start.js ***!
  \******************/
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(/*! react */ "webpack/sharing/consume/default/react/react");
/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(react__WEBPACK_IMPORTED_MODULE_0__);

Promise.all([__webpack_require__.e(/*! import() */ "webpack_container_remote_shop_Header").then(__webpack_require__.t.bind(__webpack_require__, /*! shop/Header */ "webpack/container/remote/shop/Header", 23)), __webpack_require__.e(/*! import() */ "webpack_container_remote_shop_Cart").then(__webpack_require__.t.bind(__webpack_require__, /*! shop/Cart */ "webpack/container/remote/shop/Cart", 23)), __webpack_require__.e(/*! import() */ "webpack_container_remote_menu_Menu").then(__webpack_require__.t.bind(__webpack_require__, /*! menu/Menu */ "webpack/container/remote/menu/Menu", 23))]).then((all)=>{document.title=String(all.length)+(react__WEBPACK_IMPORTED_MODULE_0___default().version)});

/***/ })

}]);