/** clients/c: built as its Makefile says, run against the daemon as people get it, under valgrind too. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as protocol from "../../src/bridge/protocol.ts";
import { ERROR_NUMBERS } from "../../src/errors.ts";
import { DTYPE_NAMES, DTYPES } from "../../src/tensor/dtype.ts";
import { needsProgram } from "../optional.ts";

const ROOT = join(import.meta.dirname, "../..");
const SOURCE = join(ROOT, "clients/c");
const COMMAND = join(ROOT, "dist/bin/tempress.js");
const text = (file: string) => readFileSync(join(SOURCE, file), "utf8");

it("has the numbers of errors, types, frames and fields that the daemon has", () => {
  const upper = (name: string) => name.toUpperCase().replaceAll("-", "_");
  const found = (file: string, prefix: string) => {
    const pairs = [...text(file).matchAll(new RegExp(`\\b${prefix}([A-Z0-9_]+) = (\\d+)`, "g"))];
    return Object.fromEntries(pairs.map(([, name, number]) => [name, Number(number)]));
  };
  const all = found("tempress.h", "TEMPRESS_");
  for (const [name, number] of Object.entries(ERROR_NUMBERS)) expect([name, all[upper(name)]]).toEqual([name, number]);
  for (const name of DTYPE_NAMES) expect([name, all[upper(name)]]).toEqual([name, DTYPES[name].id]);
  for (const [name, number] of Object.entries(protocol.INFO_TYPES)) expect(all[`TYPE_${upper(name)}`]).toBe(number);
  const names = [...text("tempress.c").matchAll(/^ .*?"(ok|[a-z-]+)",.*$/gm)].flatMap(
    ([line]) => line.match(/[a-z-]+/g)!,
  );
  const codes = Object.entries(ERROR_NUMBERS).sort(([, a], [, b]) => a - b);
  expect(names.join(" ")).toContain(
    codes
      .slice(3)
      .map(([name]) => name)
      .join(" "),
  );

  const numbers = found("protocol.h", "TP_");
  for (const [name, number] of Object.entries(protocol.TYPES))
    expect([name, numbers[upper(name)]]).toEqual([name, number]);
  for (const [name, { tag }] of Object.entries(protocol.FIELDS)) {
    expect([name, numbers[`FIELD_${upper(name)}`]]).toEqual([name, tag]);
  }
  expect(Object.keys(numbers).length).toBe(Object.keys(protocol.TYPES).length + Object.keys(protocol.FIELDS).length);
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  expect(text("tempress.h")).toContain(`#define TEMPRESS_VERSION "${version}"`);
});

it("has an example of some 30 lines, and a C++ wrapper under 100", () => {
  expect(text("example.c").trimEnd().split("\n").length).toBeLessThanOrEqual(32);
  expect(text("tempress.hpp").trimEnd().split("\n").length).toBeLessThan(100);
});

needsProgram("cc").describe("built", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const run = (program: string, args: string[] = [], more: NodeJS.ProcessEnv = {}) =>
    spawnSync(program, args, { cwd: folder, env: { ...env, ...more }, encoding: "utf8", timeout: 100_000 });
  const built = (name: string) => join(folder, "build", name);

  beforeAll(() => {
    if (!existsSync(COMMAND)) throw new Error("dist/bin/tempress.js is missing: npm run build");
    folder = mkdtempSync(join(tmpdir(), "tempress-c-"));
    const { TEMPRESS_SOCKET, XDG_CACHE_HOME, ...rest } = process.env;
    env = { ...rest, XDG_RUNTIME_DIR: folder, TEMPRESS_PROGRAM: COMMAND, TMPDIR: folder };
    const parts = ["all", "build/test", "build/test_cpp", "build/example"].map((name) =>
      name.replace("build", built("")),
    );
    const words = [
      "-s",
      "-C",
      SOURCE,
      `BUILD=${built("")}`.replace(/\/$/, ""),
      ...parts.map((part) => part.replace("//", "/")),
    ];
    const made = run("make", [...words, "CFLAGS=-O1 -g -Werror", "CXXFLAGS=-O1 -g -Werror"]);
    expect(made.stderr + made.stdout).toBe("");
    expect(made.status).toBe(0);
  });
  afterAll(() => {
    run(COMMAND, ["serve", "--stop", "--quiet"]);
    rmSync(folder, { recursive: true, force: true });
  });

  it("starts the daemon, and does all that it says", () => {
    const test = run(built("test"));
    expect(test.stdout).toMatch(/^\d+ checks, 0 wrong\n$/);
    expect(run(built("test_cpp")).stdout).toContain("good");
    expect(run(built("example")).stdout).toMatch(/^1920000 -> \d+ bytes, ratio [\d.]+, largest error 0\.00999/);
    expect(run(COMMAND, ["serve", "--status"]).stdout).toContain("requests");
  });

  needsProgram("valgrind").it("is clean under valgrind", () => {
    const words = ["-q", "--leak-check=full", "--show-leak-kinds=all", "--track-fds=no", "--error-exitcode=9"];
    const test = run("valgrind", [...words, built("test")]);
    expect(test.stderr).toBe("");
    expect(test.stdout).toMatch(/^\d+ checks, 0 wrong\n$/);
    expect(test.status).toBe(0);
  });

  it("uses abstract names too, with the secret of the owner", () => {
    const more = { TEMPRESS_SOCKET: `@tempress-test-${process.pid}` };
    expect(run(built("example"), [], more).stdout).toContain("ratio");
    const files = readdirSync(join(folder, "tempress"));
    expect(files).toContain(`tempress-test-${process.pid}.secret`);
    const secret = join(folder, "tempress", `tempress-test-${process.pid}.secret`);
    const right = readFileSync(secret);
    writeFileSync(secret, Buffer.alloc(32));
    expect(run(built("example"), [], more).stderr).toContain("secret");
    writeFileSync(secret, right);
    expect(run(COMMAND, ["serve", "--stop", "--json"], more).stdout).toContain("stopped");
    expect(readdirSync(join(folder, "tempress"))).not.toContain(`tempress-test-${process.pid}.secret`);
  });

  it("says what is wrong where no daemon can be started", () => {
    const nowhere = run(built("example"), [], {
      TEMPRESS_PROGRAM: "/no/such/program",
      XDG_RUNTIME_DIR: join(folder, "x"),
    });
    expect(nowhere.stderr).toContain("set TEMPRESS_PROGRAM");
    expect(nowhere.status).toBe(1);
    const open = join(folder, "open");
    mkdirSync(join(open, "tempress"), { recursive: true, mode: 0o777 });
    const stopped = run(built("example"), [], { XDG_RUNTIME_DIR: open });
    expect(stopped.stderr).toContain("stopped as soon as it was started");
  });

  needsProgram("c++").it("carries the LibPressio plug-in, as far as that can be tried without LibPressio", () => {
    const plugin = join(SOURCE, "libpressio_plugin");
    const flags = ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", `-I${SOURCE}`, `-I${plugin}`];
    const library = built("libtempress.a");
    const compile = (name: string, more: string[]) => run("c++", [...flags, ...more, library, "-o", name]).stderr;
    expect(compile("settings", [join(plugin, "test_settings.cpp")])).toBe("");
    expect(run(join(folder, "settings")).stdout).toBe("good\n");
    const standIn = join(plugin, "stand_in");
    const parts = [`-I${standIn}`, join(plugin, "libpressio_tempress.cc"), join(standIn, "test_plugin.cpp")];
    expect(compile("plugin", parts)).toBe("");
    expect(run(join(folder, "plugin")).stdout).toBe("good\n");
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    expect(text("libpressio_plugin/CMakeLists.txt")).toContain(`VERSION ${version} `);
  });

  it("answers LibPressio's external protocol as `tempress external` does", () => {
    const values = Float32Array.from({ length: 3000 }, (_, i) => Math.fround(Math.sin(i / 50)));
    const input = join(folder, "in.pressioinAbCdEf");
    const file = (path: string) => readFileSync(join(folder, path));
    const common = ["--api", "5", "--config_name", "external", "--options", '{"pressio:abs":0.001}'];
    for (const mode of ["get_options", "set_options", "get_configuration", "get_documentation"]) {
      const [ours, nodes] = [built("tempress-external"), COMMAND].map((program, i) =>
        run(program, [...(i === 0 ? [] : ["external"]), ...common, "--mode", mode]),
      );
      expect([ours!.status, ours!.stdout]).toEqual([0, nodes!.stdout]);
    }
    const type = ["--itype", "float", "--idim", "100", "--idim", "30", "--input", input, "--otype", "byte"];
    const compress = [...common, "--mode", "compress", ...type];
    writeFileSync(input, values);
    const ours = run(built("tempress-external"), compress);
    expect([ours.stderr, ours.status]).toEqual(["", 0]);
    const made = readFileSync(input);
    writeFileSync(input, values);
    run(COMMAND, ["external", ...compress]);
    expect(made.equals(readFileSync(input))).toBe(true);
    expect(JSON.parse(ours.stdout.split("\n")[1]!)).toMatchObject({ "output:0:path": input, "output:0:dtype": "byte" });
    const size = ["--itype", "byte", "--idim", String(made.length), "--input", input, "--otype", "float"];
    const back = run(built("tempress-external"), [
      ...common,
      "--mode",
      "decompress",
      ...size,
      "--output",
      join(folder, "out"),
    ]);
    expect(back.status).toBe(0);
    const decoded = new Float32Array(new Uint8Array(file("out")).buffer);
    expect(decoded.length).toBe(3000);
    expect(decoded.every((value, i) => Math.abs(value - values[i]!) <= 0.001)).toBe(true);

    const wrong = run(built("tempress-external"), [...common, "--mode", "decompress", ...size.with(3, "7")]);
    expect(wrong.status).toBe(ERROR_NUMBERS.protocol);
    expect(wrong.stderr).toContain("--idim");
    const lost = run(built("tempress-external"), [...compress.slice(0, -3), "/no/such/file", "--otype", "byte"]);
    expect([lost.status, lost.stderr]).toEqual([ERROR_NUMBERS.io, expect.stringContaining("No such file")]);
  });

  it("leaves no name in shared memory", () => {
    expect(readdirSync("/dev/shm").filter((name) => name.startsWith("tempress-"))).toEqual([]);
  });

  needsProgram("pkg-config").it("installs with a pkg-config file that works", () => {
    const prefix = join(folder, "installed");
    const made = run("make", ["-s", "-C", SOURCE, `BUILD=${join(folder, "other")}`, `PREFIX=${prefix}`, "install"]);
    expect(made.status).toBe(0);
    const more = { PKG_CONFIG_PATH: join(prefix, "lib/pkgconfig") };
    const flags = run("pkg-config", ["--cflags", "--libs", "tempress"], more).stdout.trim().split(/\s+/);
    expect(run("cc", [join(SOURCE, "example.c"), "-std=c99", ...flags, "-o", "linked"]).stderr).toBe("");
    expect(run(join(folder, "linked"), [], { LD_LIBRARY_PATH: join(prefix, "lib") }).stdout).toContain("ratio");
    const needed = execFileSync("ldd", [join(prefix, "lib/libtempress.so")], { encoding: "utf8" });
    const libraries = [...needed.matchAll(/^\s*(\S+?)\.so/gm)].map(([, name]) => name);
    expect(libraries.filter((name) => !/^(linux-vdso|libc|.*ld-linux)/.test(name!))).toEqual([]);
    expect(run("make", ["-s", "-C", SOURCE, `PREFIX=${prefix}`, "uninstall"]).status).toBe(0);
    expect(readdirSync(join(prefix, "lib"))).toEqual(["pkgconfig"]);
  });
});
