"use strict";
/*
 * ATTENTION: The "eval" devtool has been used (maybe by default in mode: "development").
 * This devtool is neither made for production nor for readable output files.
 * It uses "eval()" calls to create a separate source file in the browser devtools.
 * If you are trying to read the output file, select a different devtool (https://webpack.js.org/configuration/devtool/)
 * or disable the default devtool with "devtool: false".
 * If you are looking for production-ready output files, see mode: "production" (https://webpack.js.org/configuration/mode/).
 */
(self["webpackChunkfixture_shop"] = self["webpackChunkfixture_shop"] || []).push([["src_Cart_js"],{

/***/ "./src/Cart.js":
/*!*********************!*\
  !*** ./src/Cart.js ***!
  \*********************/
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

eval("__webpack_require__.r(__webpack_exports__);\n/* harmony export */ __webpack_require__.d(__webpack_exports__, {\n/* harmony export */   \"default\": () => (/* binding */ Cart),\n/* harmony export */   more: () => (/* binding */ more)\n/* harmony export */ });\n/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(/*! react */ \"webpack/sharing/consume/default/react/react\");\n/* harmony import */ var react__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(react__WEBPACK_IMPORTED_MODULE_0__);\n/* harmony import */ var _cart_css__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(/*! ./cart.css */ \"./src/cart.css\");\n\n\nfunction Cart() { return react__WEBPACK_IMPORTED_MODULE_0___default().createElement('div', {className: 'cart'}, 'two'); }\nconst more = () => __webpack_require__.e(/*! import() */ \"src_Lazy_js\").then(__webpack_require__.bind(__webpack_require__, /*! ./Lazy */ \"./src/Lazy.js\"));\n\n\n//# sourceURL=webpack://fixture-shop/./src/Cart.js?");

/***/ }),

/***/ "./src/cart.css":
/*!**********************!*\
  !*** ./src/cart.css ***!
  \**********************/
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

eval("__webpack_require__.r(__webpack_exports__);\n// extracted by mini-css-extract-plugin\n\n\n//# sourceURL=webpack://fixture-shop/./src/cart.css?");

/***/ })

}]);