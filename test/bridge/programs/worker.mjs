// A worker in JavaScript that keeps values as they are, or does what its option `fault` says.
import { fstatSync, readSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
let loads = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const { fault = "", marker = "" } = request.options ?? {};
  if (request.op === "hello") {
    const options = {
      fault: { type: "string", default: "", help: "" },
      marker: { type: "string", default: "", help: "" },
    };
    say({ ok: true, protocol: 1, name: "copy", version: String(process.pid), options });
  } else if (request.op === "load") {
    loads++;
    say({ ok: true });
  } else {
    const { existsSync, writeFileSync } = await import("node:fs");
    const bytes = Buffer.alloc(request.bytes);
    readSync(3, bytes, 0, request.bytes, 0);
    if (fault === "crash") {
      process.stderr.write("out of cheese\n");
      process.exit(3);
    }
    if (fault === "crash once" && !existsSync(marker)) {
      writeFileSync(marker, "");
      process.kill(process.pid, "SIGKILL");
    }
    if (fault === "hang") continue;
    if (fault === "refuse") {
      say({ ok: false, error: "not today" });
      continue;
    }
    if (fault === "babble") {
      process.stdout.write("hello there\n");
      continue;
    }
    if (fault === "flood") {
      process.stdout.write("x".repeat(3 << 20));
      continue;
    }
    if (fault === "huge") {
      say({ ok: true, bytes: 1e15 });
      continue;
    }
    if (fault === "beyond") {
      say({ ok: true, bytes: fstatSync(4).size + 1 });
      continue;
    }
    if (fault === "lossy" && request.op === "decode") for (let i = 2; i < bytes.length; i += 64) bytes[i] ^= 0x40;
    writeSync(4, bytes, 0, bytes.length, 0);
    say({ ok: true, bytes: bytes.length, loads, ms: 0.5 });
  }
}
