// An external metric: the largest difference of float32 values, and what its first word says to do wrong.
import { readFileSync, writeFileSync } from "node:fs";

const [fault, log, ...words] = process.argv.slice(2);
const at = (flag) => words[words.indexOf(flag) + 1];
if (words.length === 0) process.stdout.write("external:api=6\nworst=0\nunused=2.7\n");
else {
  writeFileSync(log, JSON.stringify(words));
  const floats = (path) => new Float32Array(new Uint8Array(readFileSync(path)).buffer);
  const [x, y] = [floats(at("--f_input")), floats(at("--f_decompressed"))];
  const worst = x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0);
  if (fault === "babble") process.stdout.write("worst is what it is\n");
  else process.stdout.write(`external:api=7\nworst=${worst}\nname=a text\nlist=1\nlist=2\n`);
  if (fault === "fail") {
    process.stderr.write("only 2d\n");
    process.exitCode = 5;
  }
}
