import { PHASES, type Profile, phaseResults, profilePhases } from "../phases.ts";
import type { Metric, MetricKind } from "./metric.ts";

/** Where the time of a call goes, in milliseconds; of the latest call, in this thread. */
export const phases: MetricKind = {
  name: "phases",
  summary: "milliseconds of the latest call by phase: load, predict, quantize, code, ...",
  options: {},
  results: Object.fromEntries(Object.entries(PHASES).map(([phase, what]) => [`tempress:time_${phase}`, `${what}, ms`])),
  keeps: "sums",
  create(): Metric {
    let profile: Profile | undefined;
    let found: Record<string, number> = {};
    const begin = () => {
      profile = profilePhases();
    };
    const end = () => {
      if (profile) found = phaseResults(profile.stop());
      profile = undefined;
    };
    return {
      beforeCompress: begin,
      afterCompress: end,
      beforeDecompress: begin,
      afterDecompress: end,
      results: () => ({ ...found }),
    };
  },
};
