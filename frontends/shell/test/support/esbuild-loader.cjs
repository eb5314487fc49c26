// As the package esbuild-loader does it, with the esbuild that is here.
const { transformSync } = require('esbuild');

module.exports = function load(source) {
  return transformSync(source, { loader: 'jsx', ...this.getOptions() }).code;
};
