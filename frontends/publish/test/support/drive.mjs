// Builds as a tool's own command does, for tools whose command is not installed: drive.mjs PACKAGE CONFIG [--watch]
// A copy of it lies in the project that is built.
const [name, file, watch] = process.argv.slice(2);
const { rspack } = await import(name);
const { default: config } = await import(`./${file}`);

const compiler = rspack(config);
const show = (error, stats) => {
  console.log(error ?? stats.toString({ preset: 'errors-warnings' }));
  process.exitCode = error || stats.hasErrors() ? 1 : 0;
};
if (watch) compiler.watch({}, show);
else compiler.run((error, stats) => compiler.close((late) => show(error ?? late, stats)));
