// Bundles the command line into dist/bin: tempress.js answers --version and loads run.js for the rest; node-worker.js
// and worker-thread.js are threads; each WebAssembly module is a file of its own, opened when its kernels are needed.
//
// CommonJS, because Node starts it sooner: one ES module costs 6 ms more than one CommonJS file before it runs, and
// splitting at every import() opened 10 files where this opens 3. What V8 made of run.js is kept beside it, for this
// version of Node: 10 ms less. Inside a bundle esbuild evaluates what is behind import() when it is first asked for.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const out = `${root}dist/bin`;
const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
// `node scripts/build-cli.mjs --readable` for profiles.
const minify = !process.argv.includes("--readable");

/** Files that are bundled by themselves and required from the others, and one that is left out. */
const apart = {
  name: "apart",
  setup({ onResolve, onLoad }) {
    const external = ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path: `./${basename(path, ".ts")}.js`, external: true };
    onResolve({ filter: /(\.generated|\/node-packages)\.ts$/ }, external);
    // commander loads these 5 ms for programs named as verbs, which there are none of.
    onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      importer.includes("commander") ? { path, namespace: "empty" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "empty" }, () => ({ contents: "" }));
  },
};

function bundle(entry, name, firstLine = "") {
  return build({
    entryPoints: [`${root}${entry}`],
    outfile: `${out}/${name}.js`,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify,
    legalComments: "none",
    logLevel: "warning",
    plugins: [apart],
    external: ["./run.js", "onnxruntime-node"],
    // import() of a file apart becomes require(), which starts no module loader. Packages that are left outside are
    // ES modules: node-packages.js imports them.
    supported: { "dynamic-import": name === "node-packages" },
    ...(name === "node-packages" ? { packages: "external" } : {}),
    define: {
      TEMPRESS_VERSION: JSON.stringify(version),
      "import.meta.url": "importMeta__url",
      ...(name === "run" || name === "serve-worker" ? { "performance.now": "hrtime__ms" } : {}),
    },
    banner: { js: firstLine },
  });
}

/** What stands for names of ES modules and pages; the global `performance` would load perf_hooks, 1.3 ms. */
const runPrelude =
  'const importMeta__url=require("node:url").pathToFileURL(__filename).href,' +
  "hrtime__ms=()=>Number(process.hrtime.bigint())/1e6;";

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
// The package is of ES modules; this folder is not.
writeFileSync(`${out}/package.json`, '{ "type": "commonjs" }\n');
const kernels = readdirSync(`${root}src/wasm`).filter((name) => name.endsWith(".generated.ts"));
await Promise.all([
  bundle("src/cli/main.ts", "tempress", "#!/usr/bin/env node"),
  bundle("src/cli/run.ts", "run", runPrelude),
  bundle("src/compressor/node-worker.ts", "node-worker"),
  bundle("src/bridge/serve-worker.ts", "serve-worker", runPrelude),
  bundle("src/bridge/worker-thread.ts", "worker-thread"),
  bundle("src/io/node-packages.ts", "node-packages"),
  ...kernels.map((name) => bundle(`src/wasm/${name}`, basename(name, ".ts"))),
]);
chmodSync(`${out}/tempress.js`, 0o755);

const cache = spawnSync(process.execPath, [`${root}scripts/build-cli-cache.cjs`, out], { stdio: "inherit" });
process.exitCode = cache.status ?? 1;
