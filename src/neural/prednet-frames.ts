/**
 * PredNet as TEZIP asks it, for coding: one frame in, a guess of the next one out, nothing remembered between calls.
 * TEZIP shows the network [frame, zeros], from states of zeros, and takes what it predicts at the second step. What the
 * first step does before it sees the frame depends on the weights and on the size only, so it is done once.
 *
 * All in float32 in a fixed order (kernels/neural/prednet.ts): every machine gives the same bits.
 */
import { TempressError } from "../errors.ts";
import { type KernelModule, lazyModule } from "../wasm/instance.ts";
import type { PrednetExports } from "../wasm/prednet.generated.ts";
import { graphOf } from "./architecture.ts";
import { floatWeights, type Model } from "./model-file.ts";
import type { PredNetConfig } from "./prednet.ts";
import type { Weights } from "./weights.ts";

/** Guesses the next frame from one frame. Frames are planes [channels, height, width] of values in [0, 1]. */
export interface FrameGuesser {
  /** The guess that knows no frame. */
  readonly blank: Float32Array;
  next(frame: Float32Array): Float32Array;
  /** Gives the memory back; nothing may be asked afterwards. */
  close(): void;
}

export const predNetKernels = lazyModule<PrednetExports>(() => import("../wasm/prednet.generated.ts"));

/** The published network, or a typed error: only its equations are in the kernels. */
export function publishedPredNet({ architecture }: Model): PredNetConfig {
  if (architecture.kind === "prednet" && !architecture.shortcut) return architecture;
  const what = architecture.kind === "prednet" ? "PredNet with a shortcut" : architecture.kind;
  throw new TempressError("unsupported", `TEZIP's network is a PredNet as published, this one is a ${what}`, {
    where: "model",
    hint: "tempress train --network prednet --set shortcut=false, or import one: tempress model",
  });
}

/** Height and width must be multiples of this. */
export function multipleOf({ stack }: PredNetConfig): number {
  return 2 ** (stack.length - 1);
}

/** One layer's memory: addresses of planes and weights. */
interface Layer {
  readonly h: number;
  readonly w: number;
  readonly stack: number;
  readonly recurrent: number;
  /** What the gates look at: R, E, R of the layer above made larger. */
  readonly z: number;
  readonly zPlanes: number;
  readonly errors: number;
  readonly above: number;
  readonly cells: number;
  readonly gates: number;
  readonly r: number;
  readonly guess: number;
  readonly target: number;
  readonly gateWeights: number;
  readonly guessWeights: number;
  readonly upWeights: number;
}

/**
 * The kernels must be ready. Memory is the thread's: close what was opened last first.
 * @throws TempressError for a network of another kind, or a size that is no multiple.
 */
export function openPredNet(model: Model, height: number, width: number): FrameGuesser {
  const config = publishedPredNet(model);
  const multiple = multipleOf(config);
  if (height < 1 || width < 1 || height % multiple !== 0 || width % multiple !== 0) {
    throw new TempressError("invalid-argument", `frames of ${height}x${width} are no multiples of ${multiple}`, {
      where: "PredNet",
    });
  }
  const weights = floatWeights(model);
  const kernel = predNetKernels.get();
  const mark = kernel.arena.mark();
  try {
    const layers = config.stack.map((_, l) => layerOf(kernel, config, weights, l, height >> l, width >> l));
    return guesser(kernel, layers, graphOf(config).channels, mark);
  } catch (error) {
    kernel.arena.release(mark);
    throw error;
  }
}

function guesser(kernel: KernelModule<PrednetExports>, layers: readonly Layer[], channels: number, mark: number) {
  const { exports: k } = kernel;
  const [bottom] = layers as [Layer];
  const size = channels * bottom.h * bottom.w;
  const out = (): Float32Array => {
    const values = new Float32Array(size);
    eachRow(kernel, bottom, channels, bottom.guess, (row, at) => values.set(row, at));
    return values;
  };
  recur(k, layers, true);
  for (const [l, layer] of layers.entries()) guess(k, layer, l);
  const blank = out();
  // The guesses of the first step are what errors are taken from: those of the second need a place of their own.
  const kept = new Float32Array(size);
  kept.set(blank);
  // From here on R holds what the first step left, as the second finds it.
  for (const { z, r, recurrent, h, w } of layers) {
    const bytes = 4 * recurrent * k.planeSize(h, w);
    new Uint8Array(kernel.memory.buffer).copyWithin(z, r, r + bytes);
  }
  return {
    blank,
    next(frame: Float32Array): Float32Array {
      eachRow(kernel, bottom, channels, bottom.guess, (row, at) => row.set(kept.subarray(at, at + row.length)));
      eachRow(kernel, bottom, channels, bottom.target, (row, at) => row.set(frame.subarray(at, at + row.length)));
      for (const [l, layer] of layers.entries()) {
        const { stack, h, w } = layer;
        k.errors(layer.guess, layer.target, layer.errors, stack, h, w);
        k.clearTails(layer.errors, 2 * stack, h, w);
        const up = layers[l + 1];
        if (!up) break;
        k.convolve(layer.errors, 2 * stack, layer.upWeights, layer.gates, blocks(up.stack), h, w);
        k.poolAboveZero(layer.gates, up.target, up.stack, up.h, up.w);
      }
      recur(k, layers, false);
      guess(k, bottom, 0);
      return out();
    },
    close: () => kernel.arena.release(mark),
  };
}

/** Renews R from top to bottom. The first step's cells are kept for the second, whose are not needed any more. */
function recur(k: PrednetExports, layers: readonly Layer[], first: boolean): void {
  for (let l = layers.length - 1; l >= 0; l--) {
    const { h, w, z, zPlanes, gates, gateWeights, cells, r, recurrent } = layers[l]!;
    k.convolve(z, zPlanes, gateWeights, gates, recurrent, h, w);
    k.renew(gates, cells, first, r, recurrent, h, w);
    k.clearTails(r, recurrent, h, w);
    const below = layers[l - 1];
    if (!below) continue;
    k.upsample(r, below.above, recurrent, below.h, below.w);
  }
}

function guess(k: PrednetExports, { r, recurrent, guessWeights, guess, stack, h, w }: Layer, l: number): void {
  k.convolve(r, recurrent, guessWeights, guess, blocks(stack), h, w);
  k.clamp(guess, stack, l === 0 ? 1 : Number.POSITIVE_INFINITY, h, w);
}

const blocks = (channels: number): number => Math.ceil(channels / 4);

function layerOf(
  kernel: KernelModule<PrednetExports>,
  { stack, recurrent }: PredNetConfig,
  weights: Weights,
  l: number,
  h: number,
  w: number,
): Layer {
  const { arena, exports: k } = kernel;
  const plane = 4 * k.planeSize(h, w);
  const [s, r, higher, below] = [stack[l]!, recurrent[l]!, recurrent[l + 1] ?? 0, stack[l + 1] ?? 0];
  const planes = (count: number): number => {
    const at = arena.alloc(plane * count);
    new Uint8Array(kernel.memory.buffer, at, plane * count).fill(0);
    return at;
  };
  const packed = (names: readonly string[], into: number): number => {
    const values = pack(names, weights, into);
    const at = arena.alloc(values.byteLength);
    new Float32Array(kernel.memory.buffer, at, values.length).set(values);
    return at;
  };
  const zPlanes = r + 2 * s + higher;
  const z = planes(zPlanes);
  return {
    h,
    w,
    stack: s,
    recurrent: r,
    z,
    zPlanes,
    errors: z + r * plane,
    above: z + (r + 2 * s) * plane,
    cells: planes(r),
    // Also what goes up to the next layer, before it is pooled.
    gates: planes(Math.max(4 * r, 4 * blocks(below))),
    r: planes(r),
    guess: planes(4 * blocks(s)),
    target: planes(s),
    gateWeights: packed(
      ["i", "f", "o", "c"].map((gate) => `${gate}_${l}`),
      zPlanes,
    ),
    guessWeights: packed([`ahat_${l}`], r),
    upWeights: below === 0 ? 0 : packed([`a_${l}`], 2 * s),
  };
}

/** Convolutions one after another, in blocks of four outputs: four biases, then [input][tap][4]. */
function pack(names: readonly string[], weights: Weights, into: number): Float32Array {
  const outputs = names.flatMap((name) => {
    const bias = weights.get(`${name}/bias`)!;
    const all = weights.get(`${name}/weights`)!;
    return Array.from(bias, (value, o) => ({ value, taps: all.subarray(9 * into * o, 9 * into * (o + 1)) }));
  });
  const block = 4 + 36 * into;
  const values = new Float32Array(block * blocks(outputs.length));
  for (const [o, { value, taps }] of outputs.entries()) {
    const start = block * (o >> 2) + (o & 3);
    values[start] = value;
    for (let i = 0; i < taps.length; i++) values[start + 4 + 4 * i] = taps[i]!;
  }
  return values;
}

/** The rows of planes in the kernel's memory, with the place of each in a tensor [channels, height, width]. */
function eachRow(
  kernel: KernelModule<PrednetExports>,
  { h, w }: Layer,
  channels: number,
  planes: number,
  use: (row: Float32Array, at: number) => void,
): void {
  const [row, plane] = [kernel.exports.stride(w), kernel.exports.planeSize(h, w)];
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < h; y++) {
      const at = planes + 4 * (c * plane + (y + 1) * row + 4);
      use(new Float32Array(kernel.memory.buffer, at, w), (c * h + y) * w);
    }
  }
}
