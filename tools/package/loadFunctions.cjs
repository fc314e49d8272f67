// Loads the file that it is given as a Functions host loads an app, and ends when the functions are registered;
// without a file it ends at once. Not TypeScript, and no imports: nothing but the app's own loading is to be seen.
const Module = require('node:module');

const names = [];
const coreApi = {
  registerFunction: ({ name }) => {
    names.push(name);
    return { dispose() {} };
  },
  registerHook: () => ({ dispose() {} }),
  setProgrammingModel() {},
  log() {},
};
const originalRequire = Module.prototype.require;
Module.prototype.require = function require(id) {
  return id === '@azure/functions-core' ? coreApi : originalRequire.call(this, id);
};

const [file] = process.argv.slice(2);
if (file !== undefined) {
  require(file);
  if (names.length !== 5) throw new Error(`${file} registered ${names.length} functions instead of 5.`);
}
