// A compressor by LibPressio's external protocol, in either form, or with the fault that its first word says.
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";

const [fault, ...words] = process.argv.slice(2);
const given = {};
for (let i = 0; i < words.length; i += 2) {
  const flag = words[i].replace(/^--/, "").replace(/^(u|c)_/, "");
  given[flag] = [...(given[flag] ?? []), words[i + 1]];
}
if (fault === "fail") {
  process.stderr.write("no such luck\n");
  process.exit(3);
}
if (fault === "killed") process.kill(process.pid, "SIGKILL");
if (fault === "hang") setTimeout(() => {}, 1e6);
else if (fault === "babble") process.stdout.write("here you are\n");
else {
  const compressing = given.mode[0] === "compress";
  const input = readFileSync(given.input[0]);
  const output = given.output?.[0] ?? join(tmpdir(), `out-${process.pid}`);
  const bytes = compressing ? deflateSync(input) : inflateSync(input);
  if (fault === "lossy" && !compressing) for (let i = 2; i < bytes.length; i += 64) bytes[i] ^= 0x40;
  writeFileSync(output, bytes);
  const dtype = compressing ? "byte" : given.otype[0];
  const dims = compressing ? [bytes.length] : (given.odim ?? given.idim).map(Number);
  if (fault === "dims") dims[0] += 1;
  if (fault === "lines") {
    process.stdout.write(`external:api=5\noutput:0:path=${output}\noutput:0:dtype=${dtype}\n`);
    for (const dim of dims) process.stdout.write(`output:0:dims=${dim}\n`);
    process.stdout.write("metric:stage=1.5\n");
  } else {
    const keys = { "output:0:path": output, "output:0:dtype": dtype, "output:0:dims": dims, "metric:words": words };
    process.stdout.write(`external:api=json:1\n${JSON.stringify(keys)}\n`);
  }
}
