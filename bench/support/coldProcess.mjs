// `node coldProcess.mjs [ENTRY]`: loads an entry as the language worker would, runs nothing, ends. Plain JavaScript, so that
// stripping types is no part of what is measured.
import Module from 'node:module';
import { pathToFileURL } from 'node:url';

const disposable = { dispose() {} };
const core = {
  version: '3.9.1',
  setProgrammingModel() {},
  getProgrammingModel() {},
  log() {},
  registerHook: () => disposable,
  registerFunction: () => disposable,
};
const original = Module.prototype.require;
Module.prototype.require = function (id) {
  return id === '@azure/functions-core' ? core : original.call(this, id);
};

const [entry] = process.argv.slice(2);
if (entry) await import(pathToFileURL(entry).href);
process.exit(0);
