/**
 * Documents whose examples run. In a document a block
 *
 *     ```js file=NAME       is saved as NAME (a TypeScript block as NAME too, without its types)
 *     ```console run        holds commands behind `$ ` (`> ` continues one), each followed by what it prints
 *
 * All blocks of a document run in one empty folder with the project's samples in `data/`, `tempress` on the PATH and
 * the package installed. What is printed must be what the document shows, but for times and speeds.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { transformSync } from "esbuild";

const BLOCK = /^```(\w+) (run|file=\S+)\n([\s\S]*?)^```$/gm;
/** Between the outputs of two commands; no program prints it. */
const MARK = "\u001e";

interface Command {
  /** As it stands in the document, `$ ` and all. */
  readonly shown: string;
  readonly expected: string;
}

function commandsOf(block: string): Command[] {
  return block
    .split(/^(?=\$ )/m)
    .filter((part) => part.startsWith("$ "))
    .map((part) => {
      const shown = /^\$ .*\n(?:> .*\n)*/.exec(part)![0];
      return { shown, expected: part.slice(shown.length) };
    });
}

const typed = ({ shown }: Command) => shown.replace(/^[$>] /gm, "");

/** Whether the document has anything to run. */
export function hasSession(document: string): boolean {
  return [...document.matchAll(BLOCK)].some(([, , kind]) => kind === "run");
}

/** The document with what its commands print now. */
export function replay(document: string, root: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tempress-docs-"));
  try {
    const work = join(folder, "work");
    for (const made of ["bin", "work", "work/node_modules"]) mkdirSync(join(folder, made));
    symlinkSync(join(root, "dist/bin/tempress.js"), join(folder, "bin/tempress"));
    symlinkSync(join(root, "data"), join(work, "data"));
    symlinkSync(root, join(work, "node_modules/tempress"));
    // What npm installs beside it.
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: object };
    for (const name of Object.keys(dependencies)) {
      const place = join(work, "node_modules", name);
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(join(root, "node_modules", name), place);
    }
    const script = ["exec 2>&1"];
    for (const [, language, kind, body] of document.matchAll(BLOCK)) {
      if (kind === "run") {
        for (const command of commandsOf(body!)) script.push(typed(command), `printf '${MARK}'`);
      } else {
        const plain = language === "ts" ? transformSync(body!, { loader: "ts" }).code : body!;
        writeFileSync(join(work, kind!.slice("file=".length)), plain);
      }
    }
    const { NODE_EXTRA_CA_CERTS, ...env } = process.env;
    const { stdout, status } = spawnSync("sh", ["-c", script.join("\n")], {
      cwd: work,
      env: { ...env, PATH: `${join(folder, "bin")}:${env.PATH}` },
      encoding: "utf8",
      timeout: 110_000,
    });
    if (status === null) throw new Error("the document's commands did not end");
    const printed = stdout.split(MARK);
    return document.replace(BLOCK, (block, language, kind, body) => {
      if (kind !== "run") return block;
      const lines = commandsOf(body).map(({ shown }) => shown + withNewline(printed.shift() ?? ""));
      return `\`\`\`${language} run\n${lines.join("")}\`\`\``;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const withNewline = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);

/** The document without what differs from machine to machine. */
export function steady(document: string): string {
  return document
    .replace(/\d[\d.]* (ms|s|min)\b/g, "TIME")
    .replace(/\d[\d.]* [kMG]?B\/s/g, "SPEED")
    .replace(/(time:\w+"?: ?)\d[\d.]*/g, "$1TIME");
}
