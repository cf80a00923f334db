/** Imports a TypeScript file of the repository in a Node that cannot: bundled by esbuild, beside the packages it needs. */
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");

export async function importTypeScript(path) {
  const outfile = join(ROOT, "node_modules/.cache/tempress-bench", `${basename(path)}.mjs`);
  await build({
    entryPoints: [join(ROOT, path)],
    bundle: true,
    outfile,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "error",
  });
  return await import(pathToFileURL(outfile).href);
}
