/** Where one chunk of the `levels` method lies in WebAssembly memory, and how the kernels are told. */
import { type Filter, LEVEL_GROUPS } from "../predict/filters.ts";
import { type Order, type Plan, type Planes, type PlannedPlane, planOf } from "../predict/plan.ts";
import { centreTap, MAX_TAPS, PHASES, tapsOf } from "../predict/taps.ts";
import type { Floats } from "../quantize/working.ts";
import { type KernelModule, lazyModule } from "../wasm/instance.ts";
import type { LevelsExports } from "../wasm/levels.generated.ts";

export const levelsKernels = lazyModule<LevelsExports>(() => import("../wasm/levels.generated.ts"));

/** i32 taps, i32 centre, then i32 slot, dy, dx for each tap: as the kernel reads it. */
const TAP_TABLE_BYTES = 8 + 12 * MAX_TAPS;
/** Addresses of a plane and its references. */
const PLANE_TABLE_BYTES = 4 * 16;
/** State of a filter that learns while it codes (kernels/predict/adaptive.ts). */
const LEARNING_BYTES = 512;

/** What the decoder must know beside the filters. */
export interface Mode {
  readonly order: Order;
  /** Filters keep learning while they code: slower, smaller. */
  readonly learns: boolean;
}

/** Everything in WebAssembly memory for one chunk; `free` gives it back. */
export class Workspace {
  readonly kernels: KernelModule<LevelsExports>;
  readonly plan: Plan;
  readonly planes: Planes;
  readonly wide: boolean;
  readonly decoded: number;
  readonly codes: number;
  readonly #table: number;
  readonly #coefficients: number;
  readonly #mask: number;
  readonly #mark: number;

  constructor(planes: Planes, { order, learns }: Mode, wide: boolean, mask: Uint8Array | undefined) {
    this.kernels = levelsKernels.get();
    this.planes = planes;
    this.plan = planOf(planes, order);
    this.wide = wide;
    const { arena, exports, memory } = this.kernels;
    this.#mark = arena.mark();
    const elementBytes = wide ? 8 : 4;
    const classes = this.plan.classes;
    this.#table = arena.alloc(PLANE_TABLE_BYTES);
    const taps = arena.alloc(classes.length * PHASES * TAP_TABLE_BYTES);
    this.#coefficients = arena.alloc(classes.length * LEVEL_GROUPS * PHASES * MAX_TAPS * elementBytes);
    const scratch = arena.alloc(exports.scratchBytes(planes.width, elementBytes));
    this.decoded = arena.alloc(this.valueCount * elementBytes);
    this.codes = arena.alloc(this.valueCount * 2);
    this.#mask = mask ? arena.alloc(mask.length) : 0;
    if (mask) new Uint8Array(memory.buffer, this.#mask, mask.length).set(mask);
    classes.forEach(({ references, boxes }, klass) => {
      for (let phase = 0; phase < PHASES; phase++) {
        const list = tapsOf(references, boxes, phase);
        const words = new Int32Array(
          memory.buffer,
          taps + (klass * PHASES + phase) * TAP_TABLE_BYTES,
          2 + 3 * list.length,
        );
        words.set([list.length, centreTap(references, phase), ...list.flatMap(({ slot, dy, dx }) => [slot, dy, dx])]);
      }
    });
    if (learns) {
      const byteLength = classes.length * LEVEL_GROUPS * PHASES * LEARNING_BYTES;
      const state = arena.alloc(byteLength);
      new Uint8Array(memory.buffer, state, byteLength).fill(0);
      exports.learning(state);
    } else {
      exports.learning(0);
    }
    exports.configure(planes.height, planes.width, elementBytes, scratch, taps, this.#coefficients);
  }

  get planeLength(): number {
    return this.planes.height * this.planes.width;
  }

  get valueCount(): number {
    return this.planeLength * this.plan.planes.length;
  }

  get elementBytes(): number {
    return this.wide ? 8 : 4;
  }

  values(address: number, count: number): Floats {
    const { buffer } = this.kernels.memory;
    return this.wide ? new Float64Array(buffer, address, count) : new Float32Array(buffer, address, count);
  }

  setFilter(klass: number, group: number, phase: number, { shift, whole }: Filter): void {
    const set = (klass * LEVEL_GROUPS + group) * PHASES + phase;
    const to = this.values(this.#coefficients + set * MAX_TAPS * this.elementBytes, MAX_TAPS);
    to.fill(0);
    for (let k = 1; k < whole.length; k++) to[k] = whole[k]! / 2 ** shift;
  }

  /** Points the kernel at a plane of `base` and its references; returns the table's address. */
  select(base: number, { plane, references }: PlannedPlane): number {
    const stride = this.planeLength * this.elementBytes;
    const table = new Uint32Array(this.kernels.memory.buffer, this.#table, 16);
    table.fill(0);
    table[0] = base + plane * stride;
    references.forEach((from, slot) => {
      table[1 + slot] = base + from * stride;
    });
    return this.#table;
  }

  maskOf(plane: number): number {
    return this.#mask === 0 ? 0 : this.#mask + plane * this.planeLength;
  }

  codesOf(plane: number): number {
    return this.codes + plane * this.planeLength * 2;
  }

  referenceCodes({ references }: PlannedPlane): number {
    return references.length > 0 ? this.codesOf(references[0]!) : 0;
  }

  free(): void {
    this.kernels.arena.release(this.#mark);
  }
}
