/** Prints the functions that the app registers with the settings of this process, as JSON. */
import { loadApp } from './loadedApp.ts';

const { functions } = await loadApp({});
process.stdout.write(JSON.stringify(functions.map(({ metadata }) => metadata)));
