/**
 * Packages that stay outside the bundle of the command line: large, and needed by few runs. This file is bundled by
 * itself (scripts/build-cli.mjs), because code that V8 runs from its cache cannot use `import()`.
 */
export const h5wasmPackage = () => import("h5wasm/node");
export const zarritaPackage = () => import("zarrita");
export const geotiffPackage = () => import("geotiff");
