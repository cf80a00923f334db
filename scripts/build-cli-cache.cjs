// Called by build-cli.mjs: runs every verb once on a small field and writes what V8 compiled for that beside run.js,
// in the way src/cli/main.ts loads it. Anything else than this very Node ignores the file.
const fs = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { Script } = require("node:vm");

const out = process.argv[2];
const file = join(out, "run.js");
const source = `(function(exports,require,module,__filename,__dirname){${fs.readFileSync(file, "utf8")}\n})`;
const script = new Script(source, { filename: file });
const module_ = { exports: {} };
script.runInThisContext()(module_.exports, require("node:module").createRequire(file), module_, file, out);

async function main() {
  const { dispatch } = module_.exports;
  const folder = fs.mkdtempSync(join(tmpdir(), "tempress-build-"));
  const values = Float32Array.from({ length: 8 * 32 * 32 }, (_, i) => Math.sin(i / 9));
  const [raw, packed, back] = ["w_8x32x32.f32", "w.tpz", "w.npy"].map((name) => join(folder, name));
  try {
    fs.writeFileSync(raw, values);
    await dispatch(["compress", raw, "-o", packed, "--lossless", "--codec", "zstd", "--quiet"]);
    await dispatch(["decompress", packed, "-o", back, "--quiet"]);
    await dispatch(["verify", raw, packed, "--quiet"]);
    for (const effort of ["balanced", "fast"]) {
      await dispatch(["compress", raw, "-o", packed, "--rel", "1e-3", "--effort", effort, "--quiet", "--force"]);
      await dispatch(["decompress", packed, "-o", back, "--quiet", "--force"]);
    }
  } catch (error) {
    console.error(`the code cache holds less than it could: ${error.message}`);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  fs.writeFileSync(`${file}.${process.version}-${process.platform}-${process.arch}.cache`, script.createCachedData());
}

main();
