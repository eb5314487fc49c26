"use strict";
(Object(typeof self !== 'undefined' ? self : this)["webpackChunkfixture_shop"] = Object(typeof self !== 'undefined' ? self : this)["webpackChunkfixture_shop"] || []).push([["src_Cart_js"],{

/***/ "./src/Cart.js":
/*!*********************!*\
  !*** ./src/Cart.js ***!
  \*********************/
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   "default": () => (/* binding */ Cart),
/* harmony export */   more: () => (/* binding */ more)
/* harmony export */ });
/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(/*! react */ "webpack/sharing/consume/default/react/react");
/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(react__WEBPACK_IMPORTED_MODULE_0__);
/* harmony import */ var _cart_css__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(/*! ./cart.css */ "./src/cart.css");


function Cart() { return react__WEBPACK_IMPORTED_MODULE_0___default().createElement('div', {className: 'cart'}, 'two'); }
const more = () => __webpack_require__.e(/*! import() */ "src_Lazy_js").then(__webpack_require__.bind(__webpack_require__, /*! ./Lazy */ "./src/Lazy.js"));


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