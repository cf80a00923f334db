/**
 * PredNet (Lotter, Kreiman and Cox, 2017, algorithm 1; reference implementation's shapes and order). Layer l has error
 * units E_l, a recurrent representation R_l (ConvLSTM) and a prediction of what comes from below. Top-down: R is renewed
 * from the errors of the step before; bottom-up: the present frame meets the prediction.
 */
import { type Graph, GraphBuilder, type Value } from "./graph.ts";

export interface PredNetConfig {
  readonly kind: "prednet";
  /** Channels of A_l and its prediction; the first is the frame's. */
  readonly stack: readonly number[];
  /** Channels of R_l. */
  readonly recurrent: readonly number[];
  /**
   * Not in the paper: the change from the last frame is predicted, beside a linear filter of the last three, and these
   * frames enter R_0. Then nothing keeps predictions within 0 and 1.
   */
  readonly shortcut: boolean;
}

export const PUBLISHED_PREDNET: PredNetConfig = {
  kind: "prednet",
  stack: [3, 48, 96, 192],
  recurrent: [3, 48, 96, 192],
  shortcut: false,
};

/** Past frames that a shortcut reads. */
const PAST = 3;

export function predNetGraph({ stack, recurrent, shortcut }: PredNetConfig): Graph {
  const layers = stack.length;
  const g = new GraphBuilder(stack[0]!);
  const states: Record<string, Value> = {};
  const past = shortcut ? Array.from({ length: PAST }, (_, k) => g.frame(k + 1)) : [];

  const r: Value[] = [];
  for (let l = layers - 1; l >= 0; l--) {
    const channels = recurrent[l]!;
    const z = g.concat([
      g.state(`r${l}`, channels, l),
      g.state(`e${l}`, 2 * stack[l]!, l),
      ...(l < layers - 1 ? [g.upsample(r[l + 1]!)] : []),
      ...(l === 0 ? past : []),
    ]);
    const [i, f, o] = ["i", "f", "o"].map((gate) => g.hardSigmoid(g.conv(z, `${gate}_${l}`, channels)));
    const input = g.tanh(g.conv(z, `c_${l}`, channels));
    const cell = g.add(g.multiply(f!, g.state(`c${l}`, channels, l)), g.multiply(i!, input));
    r[l] = g.multiply(o!, g.tanh(cell));
    states[`c${l}`] = cell;
    states[`r${l}`] = r[l]!;
  }

  const guesses: Value[] = r.map((value, l) => {
    const start = shortcut && l === 0 ? "zero" : "glorot";
    const guess = g.conv(value, `ahat_${l}`, stack[l]!, { start });
    if (l > 0) return g.relu(guess);
    if (!shortcut) return g.clamp(guess, 0, 1);
    const filter = g.conv(g.concat(past), "filter", stack[0]!, { start: "zero" });
    return g.add(g.add(past[0]!, filter), guess);
  });

  const errors: Value[] = [];
  let below = g.frame(0);
  for (let l = 0; l < layers; l++) {
    const error = g.concat([g.relu(g.subtract(guesses[l]!, below)), g.relu(g.subtract(below, guesses[l]!))]);
    states[`e${l}`] = error;
    if (l > 0) errors.push(error);
    if (l < layers - 1) below = g.pool(g.relu(g.conv(error, `a_${l}`, stack[l + 1]!)));
  }
  return g.finish(guesses[0]!, states, errors);
}
