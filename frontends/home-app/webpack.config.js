const path = require('node:path');
const HtmlWebpackPlugin = require('html-webpack-plugin');
const MiniCssExtractPlugin = require('mini-css-extract-plugin');
const ModuleFederationPlugin = require('webpack/lib/container/ModuleFederationPlugin');
const { version } = require('./package.json');

module.exports = {
  mode: 'production',
  devtool: 'source-map',
  context: __dirname,
  entry: { main: './src/page/main.ts' },
  output: {
    path: path.join(__dirname, 'dist', version),
    clean: true,
    publicPath: 'auto',
    filename: '[name].[contenthash:8].js',
    assetModuleFilename: '[name].[contenthash:8][ext]',
    // The page starts when its remotes have loaded or failed. Do not let one that hangs hold it for webpack's two minutes.
    chunkLoadTimeout: 15_000,
  },
  resolve: { extensions: ['.tsx', '.ts', '.js'] },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        loader: 'ts-loader',
        options: {
          transpileOnly: true, // `npm run check` is what looks at the types
          compilerOptions: { noEmit: false, incremental: false, tsBuildInfoFile: null },
        },
      },
      { test: /\.css$/, use: [MiniCssExtractPlugin.loader, 'css-loader'] },
      { test: /\.svg$/, type: 'asset/resource' },
    ],
  },
  plugins: [
    new ModuleFederationPlugin({
      name: 'appContent',
      filename: 'remoteEntry.js',
      exposes: { './Content': './src/content/Content' },
      // Berth's live entry: follows every activation of header-app, without a new build of this page.
      remotes: { appHeader: 'appHeader@/m/header-app/remoteEntry.js' },
      shared: {
        react: { singleton: true, requiredVersion: '^18.2.0' },
        'react-dom': { singleton: true, requiredVersion: '^18.2.0' },
      },
    }),
    new MiniCssExtractPlugin({ filename: '[name].[contenthash:8].css' }),
    new HtmlWebpackPlugin({
      template: './src/page/index.html',
      chunks: ['main'], // not the container: other pages load remoteEntry.js as a remote
    }),
  ],
  cache: {
    type: 'filesystem',
    buildDependencies: { config: [__filename, path.join(__dirname, 'tsconfig.json')] },
  },
  performance: { hints: false },
  stats: 'errors-warnings',
};
