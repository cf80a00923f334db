/**
 * The command `tempress`. Starting up is part of every run's time: the version is answered here; all else is in
 * run.js, which scripts/build-cli.mjs bundles beside this file, with the code that V8 made of it when it was built.
 */
import { readFileSync, writeSync } from "node:fs";
import { Script } from "node:vm";

/** Put in by scripts/build-cli.mjs from package.json. */
declare const TEMPRESS_VERSION: string;

type Run = (words: readonly string[], version: string) => void;

/** run.js as V8 compiled it, where this is the Node that built it; that saves a third of the start-up. */
function loadRun(): Run {
  const file = `${__dirname}/run.js`;
  let cachedData: Buffer;
  try {
    cachedData = readFileSync(`${file}.${process.version}-${process.platform}-${process.arch}.cache`);
  } catch {
    return require("./run.js").run;
  }
  const source = `(function(exports,require,module,__filename,__dirname){${readFileSync(file, "utf8")}\n})`;
  const module = { exports: {} as { run: Run } };
  const script = new Script(source, { filename: file, cachedData });
  script.runInThisContext()(module.exports, require, module, file, __dirname);
  return module.exports.run;
}

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === "--version" || words[0] === "-V")) {
  writeSync(1, `${TEMPRESS_VERSION}\n`);
} else {
  loadRun()(words, TEMPRESS_VERSION);
}
