// What the bridge costs: daemon round trips, copies, launches, many clients, and a soak. Writes bench/bridge.md.
// Needs cc and python3 with NumPy. `node bench/bridge.mjs [rounds] [soak seconds]`
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const rounds = Number(process.argv[2] ?? 3);
const soakSeconds = Number(process.argv[3] ?? 60);
const folder = mkdtempSync(join(tmpdir(), "tempress-bench-"));
const command = join(root, "dist/bin/tempress.js");
const env = { ...process.env, TEMPRESS_SOCKET: join(folder, "socket"), TEMPRESS_PROGRAM: command };
const run = (program, args, more = {}) => execFileSync(program, args, { env, encoding: "utf8", ...more });

const client = join(root, "clients/c");
run("make", ["-s", "-C", client, `BUILD=${folder}`]);
const sources = ["-O2", "-std=c99", `-I${client}`, join(root, "bench/bridge/bridge.c"), join(folder, "libtempress.a")];
run("cc", [...sources, "-o", join(folder, "bridge")]);
const bench = (what) => {
  const text = run(join(folder, "bridge"), [what]);
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
};

const daemon = spawn(process.execPath, [command, "serve", "--quiet"], { env, stdio: "inherit" });
const status = () =>
  JSON.parse(run(process.execPath, [command, "serve", "--status", "--json"], { stdio: ["ignore", "pipe", "ignore"] }));
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
async function ready() {
  for (let i = 0; i < 200; i++) {
    try {
      return status();
    } catch {
      await pause(50);
    }
  }
  throw new Error("the daemon did not start");
}

/** The best of several rounds: other programs of the machine can only add to a time. */
const best = (values) => Math.min(...values);
const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

function launches() {
  const values = Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i / 20));
  const [input, output] = [join(folder, "in.f32"), join(folder, "out")];
  writeFileSync(input, values);
  const words = ["--api", "5", "--mode", "compress", "--config_name", "external", "--options", '{"pressio:abs":0.01}'];
  words.push("--itype", "float", "--idim", "1024", "--input", input, "--otype", "byte", "--output", output);
  const programs = {
    "tempress-external (daemon)": [join(folder, "tempress-external"), words],
    "tempress external (Node)": [process.execPath, [command, "external", ...words]],
    "Python with NumPy, started per call": ["python3", [join(root, "bench/bridge/per_call.py"), ...words]],
  };
  const times = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let i = 0; i < 25; i++) {
    for (const [name, [program, args]] of Object.entries(programs)) {
      const before = performance.now();
      const { status: code, stderr } = spawnSync(program, args, { env });
      times[name].push(performance.now() - before);
      if (code !== 0) throw new Error(`${name}: ${stderr}`);
    }
  }
  return times;
}

/** Clients that work, and clients that are killed in the middle, for some time; what is left of them. */
async function soak(seconds) {
  const size = () => {
    const { memory, segments, requests } = status();
    const links = readdirSync(`/proc/${daemon.pid}/fd`).length;
    const names = readdirSync("/dev/shm").filter((name) => name.startsWith(`tempress-${daemon.pid}-`)).length;
    return { megabytes: Math.round(memory.rss / 1e6), descriptors: links, names, segments, done: requests.done };
  };
  const wave = async () => {
    const workers = ["latency", "copies"].map((what) =>
      spawn(join(folder, "bridge"), [what], { env, stdio: "ignore" }),
    );
    await pause(300 + Math.random() * 700);
    for (const worker of workers) worker.kill("SIGKILL");
    await pause(50);
  };
  for (let i = 0; i < 10; i++) await wave();
  await pause(2500);
  const before = size();
  const end = Date.now() + seconds * 1000;
  let waves = 0;
  for (; Date.now() < end; waves++) await wave();
  await pause(2500);
  return { before, after: size(), waves };
}

await ready();
await pause(1500);
const results = { latency: [], copies: [], together: [], launches: [] };
for (let i = 0; i < rounds; i++) {
  for (const what of ["latency", "copies", "together"]) results[what].push(bench(what));
  results.launches.push(launches());
  console.error(`round ${i + 1} of ${rounds}, load ${loadavg()[0].toFixed(1)}`);
}
const load = loadavg()[0];
const lasting = soakSeconds > 0 ? await soak(soakSeconds) : undefined;
daemon.kill("SIGTERM");
await new Promise((resolve) => daemon.once("exit", resolve));

const pick = (list, what) => list.map((round) => round.find((row) => row.what === what));
const microseconds = (value) => `${Math.round(value)} us`;
const milliseconds = (value) => `${value.toFixed(1)} ms`;
const rows = [];
for (const [what, shown] of [
  ["noop", "noop"],
  ["noop in a .tpz file", "noop, as a .tpz file with checksums"],
]) {
  const found = pick(results.latency, what);
  const [median, least] = [found.map((row) => row.median), found.map((row) => row.min)];
  rows.push([
    `daemon round trip, 4 KB, ${shown}`,
    `median ${microseconds(best(median))}`,
    `medians ${median.map(Math.round).join(", ")}; least ${microseconds(best(least))}`,
  ]);
}
const daemonCopies = pick(results.copies, "daemon");
const memcpy = pick(results.copies, "memcpy twice");
const ratios = daemonCopies.map((row, i) => memcpy[i].median / row.median);
rows.push([
  "64 MB in and out, noop, shared memory",
  `${(best(memcpy.map((row) => row.min)) / best(daemonCopies.map((row) => row.min))).toFixed(2)} x memcpy twice`,
  `${milliseconds(best(daemonCopies.map((row) => row.min)) / 1e3)} beside ${milliseconds(best(memcpy.map((row) => row.min)) / 1e3)} (least); by medians ${ratios.map((ratio) => ratio.toFixed(2)).join(", ")}`,
]);
for (const name of Object.keys(results.launches[0])) {
  const times = results.launches.map((round) => round[name]);
  rows.push([
    `a launch, compress 4 KB: ${name}`,
    `median ${milliseconds(best(times.map(middle)))}`,
    `least ${milliseconds(best(times.map(best)))}`,
  ]);
}
for (const codec of ["noop", "tezip"]) {
  const rounds = results.together.map((round) => {
    const [one, eight] = [1, 8].map((clients) => round.find((row) => row.what === codec && row.clients === clients));
    return {
      gain: eight.per_second / one.per_second,
      fair: eight.most / eight.least,
      failed: eight.failed,
      one,
      eight,
    };
  });
  const { gain, fair, one, eight } = rounds.toSorted((a, b) => b.gain - a.gain)[0];
  rows.push([
    `8 clients at once, 4 KB, ${codec}`,
    `${gain.toFixed(2)} x of one; fastest ${fair.toFixed(2)} x slowest; ${rounds.reduce((sum, round) => sum + round.failed, 0)} errors`,
    `${Math.round(one.per_second)} and ${Math.round(eight.per_second)} a second; gains ${rounds.map((round) => round.gain.toFixed(2)).join(", ")}; fairness ${rounds.map((round) => round.fair.toFixed(2)).join(", ")}`,
  ]);
}
const table = (head, lines) =>
  [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const size = ({ megabytes, descriptors, names, segments }) => [megabytes, descriptors, segments, names];
const page = `# The bridge, measured

\`node bench/bridge.mjs ${rounds} ${soakSeconds}\` on ${cpus().length} cores (${cpus()[0].model}), Node ${process.version}; load of the machine at the end of the
timed part ${load.toFixed(1)} (other programs were running where it is above 2). The C programs are [bridge/bridge.c](bridge/bridge.c) over
[clients/c](../clients/c). Figures are the best round of ${rounds}; all rounds beside them.

${table(["path", "figure", "rounds"], rows)}

\`noop\` is LibPressio's: the values come back as they are. Up to 64 KiB the daemon's main thread copies
them, without a worker. Its 64 MB go from one segment to the other in blocks of 4 MiB, by two
threads, read and written as files; a \`.tpz\` file of noop has its checksums and costs more. \`memcpy\` is of
the same 64 MB to other memory and from there to the output.
${
  lasting
    ? `
## Soak

${lasting.waves} waves in ${soakSeconds} s: two clients each, one of 4 KB requests and one of 64 MB, killed with SIGKILL after 0.3 to 1 s;
${lasting.after.done - lasting.before.done} requests done.

${table(
  ["of the daemon", "resident MB", "descriptors", "segments", "names in /dev/shm"],
  [
    ["after 10 waves", ...size(lasting.before)],
    ["at the end", ...size(lasting.after)],
  ],
)}
`
    : ""
}`;
writeFileSync(join(root, "bench/bridge.md"), page);
rmSync(folder, { recursive: true, force: true });
console.log(page);
