/**
 * `warp`, the motion-aware network. A body at half resolution looks at the last frames and says where each pixel came
 * from; past frames are read there; a refinement at full resolution adds what motion does not explain. Its last layer
 * starts at zero, so that an untrained network is the previous frame.
 */
import { type Graph, GraphBuilder, type Value } from "./graph.ts";

export interface WarpConfig {
  readonly kind: "warp";
  /** Planes of a frame that are predicted together and move together. */
  readonly channels: number;
  /** How many past frames are looked at, at least as many as `hypotheses`. */
  readonly past: number;
  /** Warped guesses: one of each of the latest past frames. */
  readonly hypotheses: number;
  /** Channels of the body, and the dilation of each of its layers; all but the first add to what they got. */
  readonly body: number;
  readonly dilations: readonly number[];
  /** Channels of the refinement's layers. */
  readonly refine: number;
}

export const SMALL_WARP: WarpConfig = {
  kind: "warp",
  channels: 1,
  past: 3,
  hypotheses: 2,
  body: 16,
  dilations: [1, 1, 2, 4],
  refine: 12,
};

/** No place is read farther away than this, in pixels down and right. */
export const REACH = 24;

export function warpGraph(config: WarpConfig): Graph {
  const { channels, past, hypotheses, body, dilations, refine } = config;
  const g = new GraphBuilder(channels);
  const frames = Array.from({ length: past }, (_, k) => g.frame(k + 1));

  let features = g.concat(frames.map((frame) => g.unshuffle(frame)));
  for (const [n, dilation] of dilations.entries()) {
    const layer = g.relu(g.conv(features, `body${n}`, body, { dilation }));
    features = n === 0 ? layer : g.add(features, layer);
  }
  const heads = g.conv(features, "motion", 2 * hypotheses, { start: "zero" });
  const context = g.upsample(g.relu(g.conv(features, "context", refine)));

  const motion = g.clamp(g.upsample(heads), -REACH, REACH);
  const warped: Value[] = [];
  for (let k = 0; k < hypotheses; k++) warped.push(g.warp(frames[k]!, g.slice(motion, 2 * k, 2)));

  const inputs = g.concat([...warped, ...frames, context]);
  const first = g.relu(g.conv(inputs, "refine0", refine));
  const second = g.relu(g.conv(first, "refine1", refine));
  const change = g.conv(second, "refine2", channels, { start: "zero" });
  return g.finish(g.add(warped[0]!, change));
}
