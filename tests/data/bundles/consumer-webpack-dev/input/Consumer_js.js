"use strict";
(self["webpackChunkfixture_page"] = self["webpackChunkfixture_page"] || []).push([["Consumer_js"],{

/***/ "./Consumer.js":
/*!*********************!*\
  !*** ./Consumer.js ***!
  \*********************/
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   "default": () => (__WEBPACK_DEFAULT_EXPORT__)
/* harmony export */ });
/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(/*! react */ "webpack/sharing/consume/default/react/react");
/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(react__WEBPACK_IMPORTED_MODULE_0__);

/* harmony default export */ const __WEBPACK_DEFAULT_EXPORT__ = (()=>__webpack_require__.e(/*! import() */ "webpack_container_remote_shop_Header").then(__webpack_require__.t.bind(__webpack_require__, /*! shop/Header */ "webpack/container/remote/shop/Header", 23)).then(()=>(react__WEBPACK_IMPORTED_MODULE_0___default().version)));

/***/ })

}]);