import { registerHooks } from 'node:module';

/** Loaded before the command line: what would start a FHIR service is replaced by a past of canaries, and nothing else is. */
const REPLACED = new URL('../../local/fhir/run.ts', import.meta.url).href;
const INSTEAD = new URL('canaryFhirRun.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    return found.url === REPLACED ? { ...found, url: INSTEAD } : found;
  },
});
