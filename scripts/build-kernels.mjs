// Compiles every kernels/*.ts (an entry re-exporting one module's kernels) to WebAssembly and writes
// src/wasm/<name>.generated.ts: the bytes in base64, and the type of its exports.
// Skips a module whose sources are older than its output. `--force` builds all.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";

const root = new URL("..", import.meta.url).pathname;
const force = process.argv.includes("--force");

function newest(dir) {
  let latest = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

function mtime(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

const stamp = Math.max(newest(join(root, "kernels")), mtime(new URL(import.meta.url).pathname));
const entries = readdirSync(join(root, "kernels")).filter((name) => name.endsWith(".ts"));
for (const entry of entries) {
  const name = entry.slice(0, -3);
  const target = join(root, "src/wasm", `${name}.generated.ts`);
  if (!force && mtime(target) > stamp) continue;
  const work = join(root, "node_modules/.cache/kernels");
  mkdirSync(work, { recursive: true });
  const wasm = join(work, `${name}.wasm`);
  const flags = "-O3 --runtime stub --importMemory --use abort= --bindings raw --enable simd --noAssert".split(" ");
  const { error, stderr } = await asc.main([
    `kernels/${entry}`,
    "kernels/memory/heap.ts",
    "--baseDir",
    root,
    "-o",
    join("node_modules/.cache/kernels", `${name}.wasm`),
    ...flags,
  ]);
  if (error) {
    console.error(String(stderr));
    process.exit(1);
  }
  const bytes = readFileSync(wasm);
  const module = new WebAssembly.Module(bytes);
  const declared = readFileSync(join(work, `${name}.d.ts`), "utf8");
  // asc's raw bindings declare each exported function with its parameter types: keep just those lines.
  const signatures = [...declared.matchAll(/^\s*(?:export )?(?:declare )?function (\w+)\((.*?)\): ([\w ]+);/gm)];
  const types = new Map(signatures.map(([, fn, params, result]) => [fn, `(${params}) => ${result}`]));
  const exported = WebAssembly.Module.exports(module).filter((e) => e.kind === "function");
  const lines = exported.map((e) => `  readonly ${e.name}: ${types.get(e.name) ?? "(...args: number[]) => number"};`);
  writeFileSync(
    target,
    `// Built by scripts/build-kernels.mjs from kernels/${entry}; never edited.\n` +
      `export interface ${name[0].toUpperCase()}${name.slice(1)}Exports {\n${lines.join("\n")}\n}\n` +
      `export const wasmBase64: string =\n  "${bytes.toString("base64")}";\n`,
  );
  rmSync(join(work, `${name}.js`), { force: true });
  console.error(`kernels/${entry}: ${bytes.length} bytes, ${exported.length} kernels`);
}
