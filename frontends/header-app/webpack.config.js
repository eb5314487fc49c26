// Builds every release, or one: webpack --env release=1.1.0
// A release kept elsewhere (the browser tests have broken ones):
//   webpack --env release=1.2.0 --env source=/path/to/its/src --env out=/path/to/write/to
const path = require('node:path');
const HtmlWebpackPlugin = require('html-webpack-plugin');
const MiniCssExtractPlugin = require('mini-css-extract-plugin');
const ModuleFederationPlugin = require('webpack/lib/container/ModuleFederationPlugin');

const RELEASES = ['1.0.0', '1.1.0'];

function configure(release, source, out) {
  return {
    name: release,
    mode: 'production',
    devtool: 'source-map',
    // Module and chunk ids come from paths relative to the context. With the release's own folder here both
    // releases get the same ids, as two builds of one folder at two commits would.
    context: source,
    entry: { main: path.join(__dirname, 'src/page/main.ts') },
    output: {
      path: out,
      clean: true,
      publicPath: 'auto',
      // What webpack takes from package.json by itself when the context is the package's folder.
      uniqueName: require('./package.json').name,
      filename: '[name].[contenthash:8].js',
    },
    resolve: {
      extensions: ['.tsx', '.ts', '.js'],
      alias: { release: source },
      modules: ['node_modules', path.join(__dirname, 'node_modules')],
    },
    module: {
      rules: [
        {
          test: /\.tsx?$/,
          loader: require.resolve('ts-loader'),
          options: {
            configFile: path.join(__dirname, 'tsconfig.json'),
            transpileOnly: true, // `npm run check` is what looks at the types
            compilerOptions: { noEmit: false, incremental: false, tsBuildInfoFile: null },
          },
        },
        { test: /\.css$/, use: [MiniCssExtractPlugin.loader, require.resolve('css-loader')] },
      ],
    },
    plugins: [
      new ModuleFederationPlugin({
        name: 'appHeader',
        filename: 'remoteEntry.js',
        exposes: { './Header': { import: './Header', name: 'Header' } },
        shared: {
          react: { singleton: true, requiredVersion: '^18.2.0' },
          'react-dom': { singleton: true, requiredVersion: '^18.2.0' },
        },
      }),
      new MiniCssExtractPlugin({ filename: '[name].[contenthash:8].css' }),
      new HtmlWebpackPlugin({
        template: path.join(__dirname, 'src/page/index.html'),
        chunks: ['main'], // not the container: a page loads remoteEntry.js only as a remote
      }),
    ],
    cache: {
      type: 'filesystem',
      cacheDirectory: path.join(__dirname, 'node_modules/.cache/webpack'),
      buildDependencies: { config: [__filename, path.join(__dirname, 'tsconfig.json')] },
    },
    performance: { hints: false },
    stats: 'errors-warnings',
  };
}

module.exports = ({ release, source, out } = {}) =>
  (release ? [release] : RELEASES).map((name) =>
    configure(
      name,
      path.resolve(source ?? path.join(__dirname, 'src', name)),
      path.resolve(out ?? path.join(__dirname, 'dist', name)),
    ),
  );
