// Writes src/wasm/zstd.generated.ts from the npm package @bokuweb/zstd-wasm: zstd's WebAssembly in base64 and the
// letters under which its functions are exported and imported. Embedding them makes zstd work in every bundle, page
// and worker without a file beside the program. Skips when the output is newer.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const target = join(root, "src/wasm/zstd.generated.ts");
const folder = join(dirname(createRequire(import.meta.url).resolve("@bokuweb/zstd-wasm")), "../esm");
const sources = [join(folder, "zstd.wasm"), join(folder, "zstd.js"), new URL(import.meta.url).pathname];
const built = statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (process.argv.includes("--force") || sources.some((path) => statSync(path).ctimeMs > built)) build();

function build() {
  const glue = readFileSync(join(folder, "zstd.js"), "utf8");
  const letter = (what, pattern) => {
    const found = pattern.exec(glue)?.[1];
    if (found === undefined) throw new Error(`scripts/build-zstd.mjs: ${what} is not where it was in zstd.js`);
    return found;
  };
  const exported = {
    memory: letter("memory", /wasmMemory = wasmExports\['(\w+)'\]/),
    start: letter("start", /addOnInit\(wasmExports\['(\w+)'\]\)/),
  };
  for (const name of [
    "ZSTD_isError",
    "ZSTD_compressBound",
    "ZSTD_compress",
    "ZSTD_getFrameContentSize",
    "ZSTD_decompress",
    "malloc",
    "free",
  ]) {
    exported[name] = letter(name, new RegExp(`Module\\['_${name}'\\] = wasmExports\\['(\\w+)'\\]`));
  }
  const imported = {
    resize: letter("resize", /(\w+): _emscripten_resize_heap/),
    abort: letter("abort", /(\w+): __abort_js/),
    exit: letter("exit", /(\w+): _proc_exit/),
    keepalive: letter("keepalive", /(\w+): __emscripten_runtime_keepalive_clear/),
    timer: letter("timer", /(\w+): __setitimer_js/),
  };
  const wasm = readFileSync(join(folder, "zstd.wasm"));
  const module = new WebAssembly.Module(wasm);
  const known = new Set(Object.values(imported));
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    if (from !== "a" || !known.has(name)) throw new Error(`scripts/build-zstd.mjs: unknown import ${from}.${name}`);
  }
  writeFileSync(
    target,
    `// Built by scripts/build-zstd.mjs from @bokuweb/zstd-wasm; never edited.\n` +
      `export const exported = ${JSON.stringify(exported, null, 2)} as const;\n` +
      `export const imported = ${JSON.stringify(imported, null, 2)} as const;\n` +
      `export const wasmBase64: string =\n  "${wasm.toString("base64")}";\n`,
  );
  console.error(`zstd: ${wasm.length} bytes`);
}
