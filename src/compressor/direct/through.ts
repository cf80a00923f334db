/** Directors that hand one tensor straight to the codec inside. What they add is for lists, or is always done here. */
import { child, int, strings } from "../schema.ts";
import { director, optionsFor } from "./director.ts";

const inside = (name: string) => ({ [`${name}:compressor`]: child("tezip", "codec that does the work") });

const through = (name: string, id: number, summary: string, more = {}) =>
  director({
    name,
    id,
    summary,
    options: { ...inside(name), ...more },
    direct: async (_input, options, tree) => ({
      options: optionsFor(tree.children[`${name}:compressor`]![0]!, options),
    }),
  });

/** LibPressio's default: generic bounds for any codec. Here every codec takes them. */
export const pressio = through("pressio", 60, "generic bounds for the codec inside, as every codec takes them here");

/** LibPressio's self-describing container. Every file here is one. */
export const manifest = through("manifest", 61, "a file that says how it was made, as every file does here");

export const manyIndependent = through("many_independent", 62, "each tensor of a list on its own");

export const manyIndependentThreaded = through(
  "many_independent_threaded",
  63,
  "each tensor of a list on its own, several at once",
  { "many_independent_threaded:nthreads": int(0, "how many at once; 0: two", { min: 0, max: 256, stored: false }) },
);

export const manyDependent = through("many_dependent", 64, "each tensor of a list with results of the one before it", {
  "many_dependent:from_names": strings([], "results of the tensor before, such as error_stat:value_range"),
  "many_dependent:to_names": strings([], "options that take their values, in the same order"),
});
