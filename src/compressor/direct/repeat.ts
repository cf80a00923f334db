import { child, int } from "../schema.ts";
import { director, optionsFor } from "./director.ts";

/** Runs the same compression several times, for its time. */
export const repeat = director({
  name: "repeat",
  id: 65,
  summary: "several runs, for their time",
  options: {
    "repeat:compressor": child("tezip", "codec that does the work"),
    "repeat:count": int(3, "runs", { min: 1, max: 1_000_000, stored: false }),
  },
  async direct(_input, options, tree, run) {
    const once = optionsFor(tree.children["repeat:compressor"]![0]!, options);
    const times: number[] = [];
    // The last run is the one that is kept.
    for (let k = 1; k < (tree.options["repeat:count"] as number); k++) {
      const started = performance.now();
      await run(once);
      times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    const measured = times.length === 0 ? {} : { "repeat:min": times[0]!, "repeat:median": times[times.length >> 1]! };
    return { options: once, results: { "repeat:count": times.length + 1, ...measured } };
  },
});
