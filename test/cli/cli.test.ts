/**
 * Runs test/cli/cases/*.sh against the built command, each in an empty folder. What it prints must match the
 * .stdout beside it (`*` is any text within a line, a line `...` any lines), its exit status the .exit (default 0).
 * The scripts have `tempress` on the PATH, $DATA (the project's samples), and `try`: runs a command with standard
 * error shown and prints its exit status. UPDATE_CLI=1 writes the .stdout of cases that have none.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const here = fileURLToPath(new URL("cases/", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const command = join(root, "dist/bin/tempress.js");

const PRELUDE = `
try() { "$@" 2>&1; echo "exit $?"; }
`;

function run(script: string): { stdout: string; status: number | null } {
  const folder = fs.mkdtempSync(join(tmpdir(), "tempress-cli-"));
  try {
    const bin = join(folder, "bin");
    const work = join(folder, "work");
    fs.mkdirSync(bin);
    fs.mkdirSync(work);
    fs.symlinkSync(command, join(bin, "tempress"));
    const { NODE_EXTRA_CA_CERTS, ...env } = process.env;
    const { stdout, stderr, status } = spawnSync("sh", ["-c", PRELUDE + fs.readFileSync(join(here, script), "utf8")], {
      cwd: work,
      env: { ...env, PATH: `${bin}:${env.PATH}`, DATA: join(root, "data") },
      encoding: "utf8",
      timeout: 100_000,
    });
    return { stdout: stdout + (stderr === "" ? "" : `--- standard error\n${stderr}`), status };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The expected text as a pattern. */
function pattern(expected: string): RegExp {
  const lines = expected.split("\n").map((line) => {
    if (line === "...") return "(?:.*\n)*?";
    return `${line.split("*").map(escaped).join(".*")}\n`;
  });
  return new RegExp(`^${lines.join("").replace(/\n$/, "")}$`);
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
}

describe("command line", () => {
  if (!fs.existsSync(command)) throw new Error("dist/bin/tempress.js is missing: npm run build");
  for (const script of fs.readdirSync(here).filter((name) => name.endsWith(".sh"))) {
    it(script.replace(/\.sh$/, ""), () => {
      const beside = (ending: string): string => join(here, script.replace(/\.sh$/, ending));
      const { stdout, status } = run(script);
      if (process.env.UPDATE_CLI && !fs.existsSync(beside(".stdout"))) fs.writeFileSync(beside(".stdout"), stdout);
      const expected = fs.readFileSync(beside(".stdout"), "utf8");
      if (!pattern(expected).test(stdout)) expect(stdout).toBe(expected);
      expect(status).toBe(fs.existsSync(beside(".exit")) ? Number(fs.readFileSync(beside(".exit"), "utf8")) : 0);
    });
  }
});
