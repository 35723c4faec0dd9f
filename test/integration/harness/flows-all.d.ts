/** Loads every test/integration/flows/*.flow.ts: esbuild.mjs makes it from the folder. */
declare module "flows:all";
