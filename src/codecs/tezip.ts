/**
 * `tezip`, the flagship: TEZIP's idea (predict frames, code what is left) in a closed loop with a bound that holds.
 * One chunk: working values (quantize/working) -> a method -> sections. The method is the first byte of `side`.
 */
import type { Codec, DecodeTask, Encoded, EncodeTask } from "../compressor/codec.ts";
import { choice, float, int, type OptionValues } from "../compressor/schema.ts";
import { ByteReader, ByteWriter } from "../container/cursor.ts";
import { TempressError } from "../errors.ts";
import { inPhase } from "../phases.ts";
import { ORDERS, planesOf } from "../predict/plan.ts";
import { fromWorking, MAPPINGS, type Mapping, toWorking, type Working } from "../quantize/working.ts";
import { DTYPE_NAMES, DTYPES } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodeExact, encodeExact } from "./tezip-exact.ts";
import { decodeFast, encodeFast, fastKernels } from "./tezip-fast.ts";
import { decodeLevels, encodeLevels, levelsKernels } from "./tezip-levels.ts";
import { decodeSequential, encodeSequential } from "./tezip-sequential.ts";
import { windowCuts } from "./tezip-windows.ts";

/** Flags of a `levels` chunk beside its mapping (the low three bits). */
const WIDE = 8;
const HIERARCHICAL = 16;
const LEARNS = 32;
const MAPPING_BITS = 7;
/** Low bits of float64 patterns that may follow uncoded. */
const MOST_SHIFT = 52;

/** Points summed for one filter. */
const SAMPLES = { fast: 8000, balanced: 16000, max: 64000 } as const;

/** Expected bits a value from which the quick method is tried beside levels. */
const QUICK_FROM = 1.5;

/**
 * Bits a value below which effort `fast` looks at levels, and which share of them must be expected to be left. The
 * expectation is far too high where bits are few: what meets it loses a third or more.
 */
const SPARSE = 1;
const FAR_FEWER = 0.93;

/** How a chunk is coded; numbers are in the stream. */
const METHODS = { levels: 1, fast: 2, exact: 3, sequential: 4 } as const;

const options = {
  "tezip:window": int(
    0,
    "Frames in a window, each starting with a key frame (TEZIP's SWP); 0: as many as a chunk holds.",
    {
      unit: "frames",
      min: 0,
      max: 2 ** 31 - 1,
      stored: false,
    },
  ),
  "tezip:threshold": float(
    0,
    "Start a new window where the change from frame to frame exceeds this share of the frame's own variation (TEZIP's DWP); 0: never.",
    { min: 0, max: 1e6, stored: false },
  ),
  "tezip:order": choice(
    ["auto", ...ORDERS],
    "auto",
    "Order of frames in a window: forward, or hierarchical (both time neighbours known).",
    { stored: false },
  ),
} as const;

type Options = OptionValues<typeof options>;

export const tezip: Codec<typeof options> = {
  name: "tezip",
  id: 10,
  version: 1,
  stability: "unstable",
  summary: "Prediction in space and time by fitted filters, closed loop, context-mixed codes: the smallest files.",
  keeps: ["abs", "pw_rel", "lossless"],
  commonValue: true,
  dtypes: DTYPE_NAMES,
  options,

  async prepare() {
    await Promise.all([levelsKernels.ready(), fastKernels.ready()]);
  },

  encode(task: EncodeTask, chosen: Options): Encoded {
    if (task.effort === "fast" && task.bound.kind !== "pw_rel") return quickly(task, chosen["tezip:order"]);
    // Where codes are many the quick method may be the smaller one, and on lattices; else it never was (measured).
    let quick: Encoded | undefined;
    const rival = (bits: number): number => {
      const few = bits < QUICK_FROM * task.frames.data.length && !working?.mapping.whole;
      if (task.bound.kind === "pw_rel" || few) return Infinity;
      quick = withMethod(METHODS.fast, encodeFast(task));
      return task.effort === "max" ? Infinity : byteLength(quick);
    };
    const working = inPhase("quantize", () => toWorking(task.frames, task.bound, task.mask));
    const levels = working && encodeWorking(task, working, chosen["tezip:order"], rival);
    const best = smallest([levels, quick]);
    const sequential = task.effort === "max" && task.bound.kind !== "pw_rel" ? sequentially(task, best) : undefined;
    return smallest([best, sequential]) ?? withMethod(METHODS.exact, encodeExact(task));
  },

  decode(task: DecodeTask): Tensor {
    const side = task.section("side");
    const method = side[0];
    if (method === METHODS.levels) return decodeWorking(task, side);
    if (method === METHODS.fast) return decodeFast(withoutMethod(task));
    if (method === METHODS.sequential) return decodeSequential(withoutMethod(task));
    if (method === METHODS.exact) return decodeExact(withoutMethod(task));
    throw new TempressError("corrupt", `method ${method} is not one of tezip's`, { where: "section side, byte 0" });
  },

  cuts(slab, chosen) {
    return windowCuts(slab, chosen["tezip:threshold"]);
  },
};

/** Method fast; but levels where few bits are left and these can be made far fewer: few bits are coded quickly. */
function quickly(task: EncodeTask, order: Options["tezip:order"]): Encoded {
  const quick = withMethod(METHODS.fast, encodeFast(task));
  const bits = 8 * byteLength(quick);
  if (bits >= SPARSE * task.frames.data.length) return quick;
  const working = toWorking(task.frames, task.bound, task.mask);
  const worth = (expected: number): number => (expected < FAR_FEWER * bits ? byteLength(quick) : 0);
  return smallest([quick, working && encodeWorking(task, working, order, worth)])!;
}

/** Undefined where it would not be smaller than `best`. */
function sequentially(task: EncodeTask, best: Encoded | undefined): Encoded | undefined {
  const encoded = encodeSequential(task, best ? byteLength(best) : Infinity);
  return encoded && withMethod(METHODS.sequential, encoded);
}

function byteLength({ sections }: Encoded): number {
  return sections.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function smallest(candidates: readonly (Encoded | undefined)[]): Encoded | undefined {
  let best: Encoded | undefined;
  for (const candidate of candidates) {
    if (candidate && (!best || byteLength(candidate) < byteLength(best))) best = candidate;
  }
  return best;
}

/** Undefined where the bytes that another method takes are clearly fewer (see `LevelsSearch`). */
function encodeWorking(
  task: EncodeTask,
  working: Working,
  order: Options["tezip:order"],
  rival: (bits: number) => number,
): Encoded | undefined {
  const { mapping, values, bound, step } = working;
  const planes = planesOf(task.frames.shape);
  const both = planes.levels === 1 && planes.times >= 4;
  const exact = mapping.kind === "bits" ? { exactShift: 0 } : {};
  const stream = encodeLevels(values, planes, { step, bound, whole: mapping.whole, ...exact }, task.mask, {
    orders: order !== "auto" ? [order] : both ? ORDERS : ["forward"],
    learning: task.effort === "max" ? [false, true] : [false],
    samples: SAMPLES[task.effort],
    rival,
  });
  if (!stream) return undefined;
  const side = new ByteWriter();
  side.u8(METHODS.levels);
  side.u8(
    MAPPINGS.indexOf(mapping.kind) |
      (mapping.wide ? WIDE : 0) |
      (ORDERS.indexOf(stream.mode.order) * HIERARCHICAL) |
      (stream.mode.learns ? LEARNS : 0),
  );
  side.f64(stream.quantizer.step);
  if (stream.quantizer.exactShift !== undefined) side.u8(stream.quantizer.exactShift);
  if (mapping.lattice) {
    side.f64(mapping.lattice.offset);
    side.f64(mapping.lattice.delta);
  }
  side.put(stream.side);
  return {
    sections: [
      { name: "side", bytes: side.written() },
      { name: "key", bytes: stream.codes.subarray(0, stream.keyLength) },
      { name: "codes", bytes: stream.codes.subarray(stream.keyLength) },
      { name: "escapes", bytes: stream.escapes },
    ],
    decoded: fromWorking(stream.decoded, mapping, task.frames.dtype, task.frames.shape),
  };
}

function decodeWorking(task: DecodeTask, bytes: Uint8Array): Tensor {
  const side = new ByteReader(bytes, "section side");
  side.u8();
  const packed = side.u8();
  const kind = MAPPINGS[packed & MAPPING_BITS];
  if (kind === undefined || packed >= 2 * LEARNS) throw side.wrong(`${packed} are no flags of a levels chunk`);
  const mode = { order: ORDERS[packed & HIERARCHICAL ? 1 : 0]!, learns: (packed & LEARNS) !== 0 };
  const step = side.f64();
  if (!(step > 0 && Number.isFinite(step))) throw side.wrong(`a quantiser step of ${step} is not a positive number`);
  const exactShift = kind === "bits" ? side.u8() : undefined;
  if (exactShift !== undefined && exactShift > MOST_SHIFT)
    throw side.wrong(`${exactShift} low bits are more than ${MOST_SHIFT}`);
  const lattice = kind === "lattice" ? { offset: side.f64(), delta: side.f64(), most: 0 } : undefined;
  const wide = (packed & WIDE) !== 0;
  const float = DTYPES[task.dtype].kind === "float";
  if (float === (kind === "whole")) throw side.wrong(`${kind} values do not make ${task.dtype}`);
  const asIs = kind === "same" || kind === "bits";
  if (asIs && wide !== (task.dtype === "float64")) throw side.wrong("the working precision is not the dtype's");
  const mapping: Mapping = { kind, wide, whole: !asIs, ...(lattice ? { lattice } : {}) };
  const stream = {
    side: side.take(side.left),
    codes: [task.section("key"), task.section("codes")],
    escapes: task.section("escapes"),
  };
  const quantizer = { step, bound: 0, whole: mapping.whole, ...(exactShift === undefined ? {} : { exactShift }) };
  const values = inPhase("predict_quantize_code", () =>
    decodeLevels(stream, planesOf(task.shape), mode, quantizer, wide, task.mask),
  );
  return fromWorking(values, mapping, task.dtype, task.shape);
}

function withMethod(method: number, encoded: Encoded): Encoded {
  const sections = encoded.sections.map(({ name, bytes }) => {
    if (name !== "side") return { name, bytes };
    const marked = new Uint8Array(1 + bytes.length);
    marked[0] = method;
    marked.set(bytes, 1);
    return { name, bytes: marked };
  });
  return { ...encoded, sections };
}

function withoutMethod(task: DecodeTask): DecodeTask {
  return {
    ...task,
    section: (name) => (name === "side" ? task.section(name).subarray(1) : task.section(name)),
    has: (name) => task.has(name),
  };
}
