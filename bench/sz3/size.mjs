// Sizes of SZ3's streams as written here beside those that native SZ3 3.3.2 wrote of the same data (../shared).
// Usage: npm run build && node bench/sz3/size.mjs   (writes bench/sz3/size.md)
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { sz3 } from "../../dist/src/codecs/sz3.js";
import { decodeSz3 } from "../../dist/src/codecs/sz3-decode.js";
import { encodeSz3 } from "../../dist/src/codecs/sz3-encode.js";
import { sz3Options, sz3Settings } from "../../dist/src/codecs/sz3-settings.js";
import { checkOptions } from "../../dist/src/compressor/schema.js";
import { tensorFromBytes } from "../../dist/src/tensor/tensor.js";

const shared = new URL("../../../shared/", import.meta.url);
const table = new URL("peers/results.csv", shared);
if (!existsSync(table)) {
  console.error("../shared/peers/results.csv is not there: nothing to compare with");
  process.exit(1);
}
const ALGORITHMS = { sz3: "ALGO_INTERP_LORENZO", "sz3-lorreg": "ALGO_LORENZO_REG" };
const [head, ...lines] = readFileSync(table, "utf8").trim().split("\n");
const columns = head.split(",");
const rows = lines
  .map((line) => Object.fromEntries(line.split(",").map((cell, i) => [columns[i], cell])))
  .filter(({ compressor }) => compressor in ALGORITHMS);

await sz3.prepare();
const out = [];
let most = 0;
let least = 0;
for (const { file, compressor, rel_bound, abs_bound, bytes, max_error } of rows) {
  const shape = /_(\d+(?:x\d+)*)\./.exec(file)[1].split("x").map(Number);
  const values = tensorFromBytes("float32", shape, new Uint8Array(readFileSync(new URL(`data/${file}`, shared))));
  const options = checkOptions(sz3Options, { "sz3:algorithm_str": ALGORITHMS[compressor] });
  const encoded = encodeSz3(values, sz3Settings(values, Number(abs_bound), options));
  const decoded = decodeSz3(encoded.bytes, "float32");
  let error = 0;
  for (let i = 0; i < values.data.length; i++) error = Math.max(error, Math.abs(values.data[i] - decoded.data[i]) || 0);
  const change = encoded.bytes.length / Number(bytes) - 1;
  most = Math.max(most, change);
  least = Math.min(least, change);
  out.push({
    file,
    compressor,
    rel_bound,
    native: bytes,
    ours: encoded.bytes.length,
    change,
    error,
    native_error: max_error,
  });
}
const percent = (share) => `${share >= 0 ? "+" : ""}${(100 * share).toFixed(3)} %`;
const text = `# Sizes against native SZ3 3.3.2

Written by \`node bench/sz3/size.mjs\`. Native: \`../shared/peers/results.csv\`. Bytes of the whole stream; the largest
error is measured in float64 (NaN left out). ${out.length} rows, from ${percent(least)} to ${percent(most)}; differences are
zstd's, whose release here is another.

| file | program | rel. bound | native bytes | bytes here | difference | error here / native |
| --- | --- | --- | ---: | ---: | ---: | ---: |
${out
  .map((r) => {
    const errors = Number(r.native_error) > 0 ? (r.error / Number(r.native_error)).toFixed(6) : "-";
    return `| ${r.file} | ${r.compressor} | ${r.rel_bound} | ${r.native} | ${r.ours} | ${percent(r.change)} | ${errors} |`;
  })
  .join("\n")}
`;
writeFileSync(new URL("size.md", import.meta.url), text);
console.log(`${out.length} rows, from ${percent(least)} to ${percent(most)}`);
// Smaller is no fault.
process.exit(most <= 0.01 ? 0 : 1);
