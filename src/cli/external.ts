import { note, print } from "./output.ts";
import type { Verb } from "./verb.ts";

/** LibPressio's external protocol: a command line in, one answer out. */
export const external: Verb = {
  define(command) {
    command.argument("[flags...]", "as LibPressio writes them: --api 5 --mode compress ...");
  },

  /** Flags of files carry prefixes that nobody declared. */
  prepare: (words) => ["--", ...words],

  async run(words) {
    const [{ answerExternal }, { diskFiles }] = await Promise.all([
      import("../bridge/external-answer.ts"),
      import("../bridge/external-files.ts"),
    ]);
    const { stdout, stderr, status } = await answerExternal(words, diskFiles);
    print(stdout);
    if (stderr !== "") note(stderr);
    return status;
  },
};
