"use strict";
(self["webpackChunkfixture_shop"] = self["webpackChunkfixture_shop"] || []).push([["mixed"],{

/***/ "./src/Mixed.js":
/*!**********************!*\
  !*** ./src/Mixed.js ***!
  \**********************/
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   "default": () => (__WEBPACK_DEFAULT_EXPORT__)
/* harmony export */ });
/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(/*! react */ "webpack/sharing/consume/default/react/react");
/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(react__WEBPACK_IMPORTED_MODULE_0__);
/* harmony import */ var react_dom__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(/*! react-dom */ "webpack/sharing/consume/default/react-dom/react-dom");
/* harmony import */ var react_dom__WEBPACK_IMPORTED_MODULE_1___default = /*#__PURE__*/__webpack_require__.n(react_dom__WEBPACK_IMPORTED_MODULE_1__);
/* harmony import */ var scheduler__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(/*! scheduler */ "webpack/sharing/consume/default/scheduler/scheduler");
/* harmony import */ var scheduler__WEBPACK_IMPORTED_MODULE_2___default = /*#__PURE__*/__webpack_require__.n(scheduler__WEBPACK_IMPORTED_MODULE_2__);
/* harmony import */ var js_tokens__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(/*! js-tokens */ "webpack/sharing/consume/default/js-tokens/js-tokens");
/* harmony import */ var js_tokens__WEBPACK_IMPORTED_MODULE_3___default = /*#__PURE__*/__webpack_require__.n(js_tokens__WEBPACK_IMPORTED_MODULE_3__);
/* harmony import */ var _cart_css__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(/*! ./cart.css */ "./src/cart.css");





/* harmony default export */ const __WEBPACK_DEFAULT_EXPORT__ = (() => [(react__WEBPACK_IMPORTED_MODULE_0___default()), react_dom__WEBPACK_IMPORTED_MODULE_1__.createPortal, (scheduler__WEBPACK_IMPORTED_MODULE_2___default()), (js_tokens__WEBPACK_IMPORTED_MODULE_3___default())]);


/***/ }),

/***/ "./src/cart.css":
/*!**********************!*\
  !*** ./src/cart.css ***!
  \**********************/
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
// extracted by mini-css-extract-plugin


/***/ })

}]);