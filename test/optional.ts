/**
 * Tests that need something from outside npm. Where it is missing they are skipped, and the reason stands in the
 * test's name and in the log; with TEMPRESS_NO_SKIP set (as `.ci/run` does) they fail instead.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, it } from "vitest";

/** Beside the project, not part of it: data sets and other programs' results. */
const SHARED = new URL("../../shared/", import.meta.url);

type Body = () => void | Promise<void>;

export interface Optional {
  readonly present: boolean;
  readonly it: (name: string, body: Body, timeout?: number) => void;
  /** The body is not even called where the thing is missing: it may read files of it. */
  readonly describe: (name: string, body: () => void) => void;
}

/** For tests that run `program`; found along PATH. */
export function needsProgram(program: string): Optional {
  return optional(pathOf(program) !== undefined, `${program} is not installed`);
}

/** For tests that run python3 with a module such as numpy. */
export function needsPython(module: string): Optional {
  const present = spawnSync("python3", ["-c", `import ${module}`], { stdio: "ignore" }).status === 0;
  return optional(present, `python3 with ${module} is not installed`);
}

/** For tests that read `../shared`, or a file or folder in it. */
export function needsShared(path = ""): Optional {
  return optional(existsSync(sharedFile(path)), `../shared/${path} is not there`);
}

export function sharedFile(path: string): URL {
  return new URL(path, SHARED);
}

/** Where PATH has `program`, if it does. */
export function pathOf(program: string): string | undefined {
  const candidates = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, program));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function optional(present: boolean, reason: string): Optional {
  if (present) {
    return {
      present,
      it: (name, body, timeout) => it(name, body, timeout),
      describe: (name, body) => describe(name, body),
    };
  }
  const missing = (name: string, group = name) => {
    if (process.env.TEMPRESS_NO_SKIP) {
      it(name, () => {
        throw new Error(`${reason}, and TEMPRESS_NO_SKIP forbids skipping`);
      });
    } else {
      console.warn(`skipped: ${group}: ${reason}`);
      it.skip(`${name} (${reason})`, () => undefined);
    }
  };
  return { present, it: (name) => missing(name), describe: (name) => describe(name, () => missing("its tests", name)) };
}
