/**
 * Where the time of a call goes. Code that does a phase's work says so with `inPhase`; nothing is measured, and almost
 * nothing costs, unless somebody profiles. A phase inside another stops the outer one's clock. One thread, one profile:
 * what runs in a worker thread is not seen.
 */

/** Phases in the order of a call. Results are called `tempress:time_<name>`, in milliseconds. */
export const PHASES = {
  start: "starting a process",
  connect: "connecting to the daemon",
  copy_in: "values into shared memory, a file or a pipe, and out of it on the other side",
  queue: "waiting for a thread or a process to take the request up",
  load: "loading code, kernels and models",
  scan: "passes over the values: range, special values, statistics",
  predict: "fitting predictors and predicting",
  quantize: "values to whole numbers and back",
  code: "whole numbers to bytes and back",
  predict_quantize_code: "the three in one loop, value by value, which no clock can part",
  external: "a program from outside",
  verify: "comparing decoded values with the original, checksums, corrections",
  copy_out: "results out of shared memory, a file or a pipe",
  other: "all else",
} as const;

export type Phase = keyof typeof PHASES;

export interface Profile {
  /** Milliseconds so far by phase; `other` is what none claimed. */
  results(): Readonly<Partial<Record<Phase, number>>>;
  /** Ends it. */
  stop(): Readonly<Partial<Record<Phase, number>>>;
}

interface Clock {
  readonly spent: Map<Phase, number>;
  current: Phase;
  since: number;
}

let clock: Clock | undefined;

/** Starts a profile of this thread; one at a time: the latest counts. */
export function profilePhases(): Profile {
  const mine: Clock = { spent: new Map(), current: "other", since: performance.now() };
  clock = mine;
  const results = () => {
    if (clock === mine) turnTo(mine, mine.current);
    return Object.fromEntries(mine.spent);
  };
  return {
    results,
    stop() {
      const found = results();
      if (clock === mine) clock = undefined;
      return found;
    },
  };
}

/** Counts the time until the work is done for `phase`. Synchronous work only. */
export function inPhase<T>(phase: Phase, work: () => T): T {
  const running = clock;
  if (!running) return work();
  const outer = running.current;
  turnTo(running, phase);
  try {
    return work();
  } finally {
    turnTo(running, outer);
  }
}

/** The same for work that is waited for. What else runs meanwhile is counted for it too. */
export async function awaitPhase<T>(phase: Phase, work: () => T | Promise<T>): Promise<T> {
  const running = clock;
  if (!running) return await work();
  const outer = running.current;
  turnTo(running, phase);
  try {
    return await work();
  } finally {
    turnTo(running, outer);
  }
}

/** Moves time that was measured elsewhere from the phase at hand to `phase`. */
export function addPhase(phase: Phase, ms: number): void {
  if (!clock) return;
  turnTo(clock, clock.current);
  clock.spent.set(phase, (clock.spent.get(phase) ?? 0) + ms);
  clock.spent.set(clock.current, (clock.spent.get(clock.current) ?? 0) - ms);
}

/** Under the names that metrics have. */
export function phaseResults(spent: Readonly<Partial<Record<Phase, number>>>): Record<string, number> {
  return Object.fromEntries(Object.entries(spent).map(([phase, ms]) => [`tempress:time_${phase}`, ms]));
}

function turnTo(clock: Clock, phase: Phase): void {
  const now = performance.now();
  clock.spent.set(clock.current, (clock.spent.get(clock.current) ?? 0) + now - clock.since);
  clock.current = phase;
  clock.since = now;
}
