/**
 * Whole numbers in planes to bytes and back by the `sequential` method (kernels/codecs/sequential.ts): value after
 * value, each guessed by experts that learn from those before it.
 */
import { PartNotLoaded } from "../compressor/part.ts";
import { TempressError } from "../errors.ts";
import { inPhase } from "../phases.ts";
import type { CausalPlanes } from "../predict/causal.ts";
import { lazyModule } from "../wasm/instance.ts";
import type { SequentialExports } from "../wasm/sequential.generated.ts";

export const sequentialKernels = lazyModule<SequentialExports>(() => import("../wasm/sequential.generated.ts"));

/** Smallest and largest of the numbers. */
export interface Span {
  readonly least: number;
  readonly most: number;
}

/** Columns coded at once; between them the encoder's output is watched. */
const RUN = 4096;
/** Worst case of one number: 60 decisions of at most 16 bits. */
const NUMBER_BYTES = 120;
/** A chunk that needs more memory is for the other methods. */
const MOST_MEMORY = 2 ** 29;

/** Only effort max makes such chunks, and they take seconds: the kernels are loaded when they are met. */
export function needSequential(): void {
  if (sequentialKernels.isReady()) return;
  throw new PartNotLoaded(async () => {
    await sequentialKernels.ready();
  });
}

/**
 * The past planes of a plane, best first. With one level: the two before it in time. With levels: the same level one
 * time before and the level below; at the first time the two levels below.
 */
export function pastPlanes(plane: number, levels: number): number[] {
  const level = plane % levels;
  if (levels === 1 || plane < levels) return [plane - 1, plane - 2].filter((past) => past >= 0);
  return level > 0 ? [plane - levels, plane - 1] : [plane - levels];
}

/** Planes in kernel memory, and how the walk over them goes. */
class Planes {
  readonly shape: CausalPlanes;
  readonly module = sequentialKernels.get();
  readonly #mask: Uint8Array | undefined;
  readonly #held: number;
  readonly #bytes: number;
  readonly #first: number;
  readonly #maskAt: number;
  /** Indices of one plane, packed. */
  readonly #packed: number;

  constructor(shape: CausalPlanes, mask: Uint8Array | undefined, { least, most }: Span) {
    const { exports, arena } = this.module;
    const { width, height, count, levels } = shape;
    this.shape = shape;
    this.#mask = mask;
    this.#held = Math.min(count, Math.max(2, levels) + 1);
    this.#bytes = exports.planeBytes(width, height);
    const work = arena.alloc(exports.sequentialBytes());
    this.#packed = arena.alloc(4 * width * height);
    this.#maskAt = mask ? arena.alloc(width * height) : 0;
    this.#first = arena.alloc(this.#bytes * this.#held);
    exports.sequentialStart(work, width, height, least, most);
  }

  at(plane: number): number {
    return this.#first + (plane % this.#held) * this.#bytes;
  }

  /** Views do not outlive an allocation. */
  packed(): Int32Array {
    return new Int32Array(this.module.memory.buffer, this.#packed, this.shape.width * this.shape.height);
  }

  import(plane: number, indices: Int32Array): void {
    this.packed().set(indices);
    this.module.exports.importPlane(this.at(plane), this.#packed, this.shape.width);
  }

  export(plane: number): Int32Array {
    this.module.exports.exportPlane(this.at(plane), this.#packed, this.shape.width);
    return this.packed();
  }

  /** Codes (or decodes) one plane; false when `full` says so in between. */
  walk(plane: number, code: SequentialExports["encodeRun"], full: () => boolean): boolean {
    const { exports, memory } = this.module;
    const { width, height, levels } = this.shape;
    const [first = 0, second = 0] = pastPlanes(plane, levels).map((past) => this.at(past));
    const size = width * height;
    if (this.#mask) {
      const part = this.#mask.subarray(plane * size, (plane + 1) * size);
      new Uint8Array(memory.buffer, this.#maskAt, size).set(part);
    }
    exports.startPlane(this.at(plane), first);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x += RUN) {
        if (full()) return false;
        code(this.at(plane), first, second, this.#maskAt, y, x, Math.min(width, x + RUN));
      }
    }
    exports.endPlane(this.at(plane));
    return true;
  }
}

/** Bytes of kernel memory that planes take, about. */
function memoryOf({ width, height, count, levels }: CausalPlanes): number {
  return 40 * (width + 8) * (height + 4) * Math.min(count, Math.max(2, levels) + 1);
}

/** `indices` in C order; undefined when there would be more than `most` bytes, or too much memory is needed. */
export function encodeSequence(
  shape: CausalPlanes,
  indices: Int32Array,
  mask: Uint8Array | undefined,
  span: Span,
  most: number,
): Uint8Array | undefined {
  const { exports, arena, memory } = sequentialKernels.get();
  if (memoryOf(shape) > MOST_MEMORY) return undefined;
  const mark = arena.mark();
  try {
    const planes = new Planes(shape, mask, span);
    const codes = arena.alloc(most + RUN * NUMBER_BYTES);
    exports.encoderStart(codes);
    const size = shape.width * shape.height;
    for (let plane = 0; plane < shape.count; plane++) {
      planes.import(plane, indices.subarray(plane * size, (plane + 1) * size));
      if (!planes.walk(plane, exports.encodeRun, () => exports.encoderLength() > most)) return undefined;
    }
    return new Uint8Array(memory.buffer, codes, exports.encoderFinish()).slice();
  } finally {
    arena.release(mark);
  }
}

/** Gives the planes to `use` one by one: packed rows, which last until the next one. */
export function decodeSequence(
  shape: CausalPlanes,
  codes: Uint8Array,
  mask: Uint8Array | undefined,
  span: Span,
  use: (plane: number, indices: Int32Array) => void,
): void {
  const { exports, arena, memory } = sequentialKernels.get();
  if (memoryOf(shape) > 2 * MOST_MEMORY) {
    throw new TempressError("corrupt", "no encoder makes such a chunk: its planes take too much memory", {
      where: "section side",
    });
  }
  const mark = arena.mark();
  try {
    const planes = new Planes(shape, mask, span);
    const from = arena.alloc(codes.length);
    new Uint8Array(memory.buffer, from, codes.length).set(codes);
    exports.decoderStart(from, codes.length);
    for (let plane = 0; plane < shape.count; plane++) {
      inPhase("predict_quantize_code", () => planes.walk(plane, exports.decodeRun, () => false));
      if (exports.isDamaged()) {
        throw new TempressError("corrupt", `plane ${plane} of ${shape.count} leaves the range of its indices`, {
          where: "section codes",
          hint: "the file is damaged: fetch it again",
        });
      }
      use(plane, planes.export(plane));
    }
  } finally {
    arena.release(mark);
  }
}
