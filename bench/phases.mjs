/**
 * Where the time of one compression goes, on four ways to it: in this process, a process for every call
 * (`tempress external`), the C launcher `tempress-external` before the daemon, and the daemon itself.
 */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { COMMAND, flags, library, ROOT, table } from "./options.mjs";

const given = flags("Milliseconds of one compression by phase and way.", {
  repeats: 15,
  efforts: "fast,balanced",
  write: "yes",
});
const execute = promisify(execFile);
const repeats = Number(given.repeats);

const [{ compressor }, { connectDaemon }, { startDaemon }, { PHASES }] = await Promise.all(
  ["compressor/compressor.js", "bridge/client.js", "bridge/serve.js", "phases.js"].map(library),
);

const shape = [16, 128, 128];
const data = Float32Array.from({ length: 16 * 128 * 128 }, (_, i) => {
  const [t, y, x] = [i >> 14, (i >> 7) & 127, i & 127];
  return 20 * Math.sin((x + 3 * t) / 17) * Math.cos((y - t) / 23) + 2 * Math.sin((x * y) / 300);
});
const bytes = new Uint8Array(data.buffer);
const scratch = mkdtempSync(join(tmpdir(), "tempress-phases-"));
const { NODE_EXTRA_CA_CERTS, TEMPRESS_SOCKET, ...environment } = process.env;
const env = { ...environment, XDG_RUNTIME_DIR: scratch, TEMPRESS_PROGRAM: COMMAND, TMPDIR: scratch };

const onlyTimes = (numbers) =>
  Object.fromEntries(
    Object.entries(numbers).flatMap(([key, ms]) => {
      const [, phase] = /tempress:time_(\w+)$/.exec(key) ?? [];
      return Object.hasOwn(PHASES, phase ?? "") ? [[phase, ms]] : [];
    }),
  );
const sum = (times) => Object.values(times).reduce((all, ms) => all + ms, 0);

/** In this process: kernels loaded, code compiled. */
async function inProcess(effort) {
  const tezip = await compressor("tezip");
  tezip.setOptions({ "pressio:abs": 0.01, "tempress:effort": effort, "pressio:metric": "phases" });
  return async () => {
    const started = performance.now();
    await tezip.compress({ dtype: "float32", shape, data });
    return { ...onlyTimes(tezip.getMetricsResults()), total: performance.now() - started };
  };
}

/** A command as LibPressio runs it; what no phase of the process claims is its start. */
function launched(words, phase) {
  return (effort) => async () => {
    const input = join(scratch, ".pressioinabcdef");
    writeFileSync(input, bytes);
    const options = JSON.stringify({ "pressio:abs": 0.01, "tempress:effort": effort });
    const dims = shape.toReversed().flatMap((extent) => ["--idim", String(extent)]);
    const line = ["--api", "5", "--mode", "compress", "--config_name", "external", "--options", options];
    line.push("--itype", "float", ...dims, "--input", input, "--otype", "byte");
    const started = performance.now();
    // Not spawnSync: the daemon runs in this process.
    const { stdout } = await execute(words[0], [...words.slice(1), ...line], { env, timeout: 20_000 });
    const total = performance.now() - started;
    const times = onlyTimes(JSON.parse(stdout.slice(stdout.indexOf("\n"))));
    return { ...times, [phase]: Math.max(0, total - sum(times)), total };
  };
}

/** The daemon by our own client: values in a segment of shared memory, a connection for each call. */
function served(socket) {
  return (effort) => async () => {
    const started = performance.now();
    const client = await connectDaemon(socket);
    const connected = performance.now();
    const segment = await client.attach(2 * bytes.length);
    writeSync(segment.fd, bytes, 0, bytes.length, 0);
    const copied = performance.now();
    const option = [
      ["pressio:abs", "0.01"],
      ["tempress:effort", effort],
    ];
    const input = [{ segment: segment.id, flags: 0, offset: 0, length: bytes.length }];
    const place = { segment: segment.id, flags: 0, offset: bytes.length, length: bytes.length };
    const answer = await client.ask("compress", { codec: "tezip", dtype: 1, shape, option, input, output: [place] });
    const answered = performance.now();
    const [output] = answer.output;
    const back = output.bytes ?? new Uint8Array(output.length);
    if (!output.bytes) readSync(segment.fd, back, 0, back.length, output.offset);
    client.close();
    const ended = performance.now();
    const times = onlyTimes(Object.fromEntries(answer.number));
    const passing = Math.max(0, answered - copied - sum(times));
    return {
      ...times,
      connect: connected - started,
      copy_in: (times.copy_in ?? 0) + copied - connected,
      queue: (times.queue ?? 0) + passing,
      copy_out: (times.copy_out ?? 0) + ended - answered,
      total: ended - started,
    };
  };
}

/** Phases of each way's fastest call, over rounds in which every way has its turn. */
async function measure(ways) {
  const best = {};
  for (let round = -3; round < repeats; round++) {
    for (const [name, run] of Object.entries(ways)) {
      const times = await run();
      if (round >= 0 && !(best[name]?.total < times.total)) best[name] = times;
    }
  }
  return [...Object.keys(PHASES), "total"].flatMap((phase) => {
    const cells = Object.values(best).map((times) => times[phase] ?? 0);
    if (cells.every((ms) => ms < 0.005)) return [];
    const name = phase === "total" ? "**all**" : `\`${phase}\``;
    return [[name, ...cells.map((ms) => (ms < 0.005 ? "" : ms.toFixed(2)))]];
  });
}

const built = join(scratch, "build");
const made = spawnSync("make", ["-s", "-C", join(ROOT, "clients/c"), `BUILD=${built}`, "all"], { encoding: "utf8" });
if (made.status !== 0) throw new Error(`clients/c does not build: ${made.stderr}`);
const socket = join(scratch, "own-socket");
const daemon = await startDaemon({
  socket,
  version: "bench",
  threads: 2,
  warm: ["tezip"],
  workerFile: new URL(`file://${join(ROOT, "dist/bin/serve-worker.js")}`),
});
try {
  env.TEMPRESS_SOCKET = socket;
  const parts = [];
  for (const effort of given.efforts.split(",")) {
    const rows = await measure({
      "in this process": await inProcess(effort),
      daemon: served(socket)(effort),
      "tempress-external": launched([join(built, "tempress-external")], "connect")(effort),
      "tempress external": launched([process.execPath, COMMAND, "external"], "start")(effort),
    });
    const head = ["phase", "in this process", "daemon", "`tempress-external`", "`tempress external`"];
    parts.push(`Effort ${effort}:\n\n${table(head, rows)}`);
  }
  const text = `${parts.join("\n\n")}\n`;
  console.log(text);
  if (given.write === "yes") {
    const page = `# Where the time of a call goes

Written by \`node bench/phases.mjs\`: milliseconds of compressing float32 values of shape ${shape.join("x")}, ${bytes.length} bytes,
with codec tezip and an absolute bound of 0.01; the fastest of ${repeats} calls on each way, the ways in turn, on one machine. What
the phases are stands in [docs/external.md](../docs/external.md#where-the-time-goes).

${text}`;
    writeFileSync(join(ROOT, "bench/phases.md"), page);
  }
} finally {
  await daemon.stop(5);
  rmSync(scratch, { recursive: true, force: true });
}
