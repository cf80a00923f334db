/** The lists that LORENZO_REG writes in front of its values: choices and coefficients, over one or more arrays. */
import type { ByteWriter } from "../container/cursor.ts";
import {
  COEFFICIENT_RADIUS,
  coefficientBounds,
  type LorenzoSettings,
  REGRESSION,
  type WorkingArray,
} from "../predict/sz3-lorenzo.ts";
import { KernelQuantizer } from "../quantize/linear.ts";
import type { CodedArray } from "./sz3-kernels.ts";
import { type QuantizerForm, writeQuantizer, writeU64 } from "./sz3-quantizer.ts";
import { writeSymbols } from "./sz3-symbols.ts";

/** Lists that one or more scans fill, in WebAssembly memory. */
export class BlockLists {
  readonly #array: CodedArray;
  readonly #settings: LorenzoSettings;
  readonly #selections: number;
  readonly #coefficients: number;
  readonly #coefficientsEnd: number;
  readonly #linear: KernelQuantizer;
  readonly #constant: KernelQuantizer;
  readonly #bounds: { linear: number; constant: number };
  readonly #bound: number;
  #selectionsNext: number;
  #coefficientsNext: number;

  /** For `blocks` blocks in all. */
  constructor(array: CodedArray, settings: LorenzoSettings, bound: number, blocks: number) {
    const { kernels, dims, width } = array;
    const { arena } = kernels;
    this.#array = array;
    this.#settings = settings;
    this.#bound = bound;
    const each = settings.active.includes(REGRESSION) ? dims.length + 1 : 0;
    this.#selections = arena.alloc(4 * blocks);
    this.#coefficients = arena.alloc(4 * blocks * each);
    this.#coefficientsEnd = this.#coefficients + 4 * blocks * each;
    this.#selectionsNext = this.#selections;
    this.#coefficientsNext = this.#coefficients;
    this.#bounds = coefficientBounds(bound, dims.length, settings.blockSize);
    const quantizer = (bound: number, most: number): KernelQuantizer => {
      const escapes = arena.alloc(most * width);
      const at = { indices: this.#coefficients, escapes, escapesEnd: escapes + most * width, encoding: true };
      const made = new KernelQuantizer(kernels, COEFFICIENT_RADIUS, at);
      made.setBound(bound);
      return made;
    };
    this.#linear = quantizer(this.#bounds.linear, each > 0 ? blocks * (each - 1) : 0);
    this.#constant = quantizer(this.#bounds.constant, each > 0 ? blocks : 0);
  }

  /** Codes one working array. */
  scan(work: WorkingArray): void {
    const ends = work.scan(this.#settings, this.#bound, {
      values: this.#array.quantizer,
      selections: this.#selectionsNext,
      coefficients: this.#coefficientsNext,
      coefficientsEnd: this.#coefficientsEnd,
      linear: this.#linear,
      constant: this.#constant,
    });
    this.#selectionsNext = ends!.selectionsEnd;
    this.#coefficientsNext = ends!.coefficientsEnd;
  }

  #list(from: number, to: number): number[] {
    return [...new Int32Array(this.#array.kernels.memory.buffer, from, (to - from) / 4)];
  }

  /** Which predictor each block has; indices of coefficients. Copies. */
  selections = (): number[] => this.#list(this.#selections, this.#selectionsNext);
  coefficients = (): number[] => this.#list(this.#coefficients, this.#coefficientsNext);

  writeHead(to: ByteWriter): void {
    const { kernels, width } = this.#array;
    const { active } = this.#settings;
    const form = (quantizer: KernelQuantizer, bound: number): QuantizerForm => {
      return { bound, radius: COEFFICIENT_RADIUS, escapes: quantizer.escaped() };
    };
    if (active.includes(REGRESSION)) {
      const count = (this.#coefficientsNext - this.#coefficients) / 4;
      writeU64(to, count);
      if (count > 0) {
        writeQuantizer(to, form(this.#constant, this.#bounds.constant), width);
        writeQuantizer(to, form(this.#linear, this.#bounds.linear), width);
        writeSymbols(to, kernels, { address: this.#coefficients, count, limit: 2 * COEFFICIENT_RADIUS }, false);
      }
    }
    if (active.length > 1) {
      const count = (this.#selectionsNext - this.#selections) / 4;
      writeU64(to, count);
      writeSymbols(to, kernels, { address: this.#selections, count, limit: active.length }, false);
    }
  }
}
