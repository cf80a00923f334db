/** SZ3's kernels and their twins give the same indices, the same values stored apart and the same decoded values. */
import { beforeAll, describe, expect, it } from "vitest";
import { ByteReader, ByteWriter } from "../container/cursor.ts";
import { countPlainly, readPlainly, writePlainly } from "../entropy/huffman.reference.ts";
import { buildHuffman } from "../entropy/huffman.ts";
import { interpolatePlainly } from "../predict/sz3-interpolation.reference.ts";
import { defaultAnchorStride, interpolate, orderCount, power } from "../predict/sz3-interpolation.ts";
import { plainLists, scanPlainly } from "../predict/sz3-lorenzo.reference.ts";
import { blockCount, LORENZO, LORENZO_SECOND, REGRESSION, WorkingArray } from "../predict/sz3-lorenzo.ts";
import { PlainQuantizer, type Value } from "../quantize/linear.reference.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { bytesOf, emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { sz3 } from "./sz3.ts";
import { BlockLists } from "./sz3-blocks.ts";
import { type Sz3Type, TYPES } from "./sz3-config.ts";
import { bytesAt, type CodedArray, withArray } from "./sz3-kernels.ts";
import { readSymbols, writeSymbols } from "./sz3-symbols.ts";

beforeAll(() => sz3.prepare());

const SHAPES = [
  [1],
  [2],
  [3],
  [70],
  [201],
  [6, 5],
  [35, 70],
  [5, 4, 7],
  [3, 34, 9],
  [35, 4, 5],
  [3, 4, 2, 6],
  [2, 3, 7, 5],
];

function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

/** Rough enough for escapes, and over the ends of the type's range. */
function rough(dtype: Sz3Type, shape: readonly number[], seed: number): Tensor {
  const t = emptyTensor(dtype, shape);
  const next = numbers(seed);
  const { kind, bytes } = DTYPES[dtype];
  let at = 0;
  for (let i = 0; i < t.data.length; i++) {
    at += (next() >>> 20) - 2048;
    const value = next() % 37 === 0 ? (next() - 2 ** 31) * 2 : at;
    if (kind === "float") t.data[i] = value / 1000;
    else if (bytes === 8) t.data[i] = BigInt(value) * 3n;
    else t.data[i] = value;
  }
  return t;
}

const valuesOf = (t: Tensor): Value[] => [...(t.data as Iterable<Value>)];
function bytesOfValues(dtype: Sz3Type, values: readonly Value[]): Uint8Array {
  const t = emptyTensor(dtype, [values.length]);
  values.forEach((value, i) => {
    t.data[i] = value;
  });
  return bytesOf(t);
}

const indicesOf = ({ kernels, indices, count }: CodedArray) => [
  ...new Int32Array(kernels.memory.buffer, indices, count),
];

const RADIUS = 300;

describe("twins of SZ3's kernels", () => {
  for (const dtype of TYPES) {
    it(`interpolation of ${dtype}`, () => {
      const bound = DTYPES[dtype].kind === "float" ? 0.01 : 2;
      let turn = 0;
      for (const dims of SHAPES) {
        for (const cubic of [true, false]) {
          turn++;
          const settings = {
            cubic,
            direction: turn % orderCount(dims.length),
            anchorStride: [defaultAnchorStride(dims.length), 8, 0][turn % 3]!,
            alpha: [1.25, -1, 1.1, 0.5][turn % 4]!,
            beta: 2,
          };
          const told = `${dims.join("x")} ${JSON.stringify(settings)}`;
          const original = rough(dtype, dims, turn);
          const plain = valuesOf(original);
          const quantizer = new PlainQuantizer(dtype, RADIUS);
          interpolatePlainly(plain, dtype, dims, settings, quantizer, bound);
          withArray(dtype, dims, RADIUS, undefined, (array) => {
            bytesAt(array).set(bytesOf(original));
            interpolate(array.kernels, array.type, array.values, dims, settings, array.quantizer, bound);
            expect(indicesOf(array), told).toEqual(quantizer.indices);
            const escapes = bytesOfValues(dtype, quantizer.escapes);
            expect(Buffer.compare(array.quantizer.escaped(), escapes), told).toBe(0);
            expect(Buffer.compare(bytesAt(array), bytesOfValues(dtype, plain)), told).toBe(0);
          });
          const { indices, escapes } = quantizer;
          const back: Value[] = plain.map(() => valuesOf(emptyTensor(dtype, [1]))[0]!);
          interpolatePlainly(
            back,
            dtype,
            dims,
            settings,
            new PlainQuantizer(dtype, RADIUS, { indices, escapes }),
            bound,
          );
          expect(Buffer.compare(bytesOfValues(dtype, back), bytesOfValues(dtype, plain)), told).toBe(0);
        }
      }
    });

    it(`blocks of ${dtype}`, () => {
      const bound = DTYPES[dtype].kind === "float" ? 0.01 : 2;
      let turn = 0;
      for (const dims of SHAPES) {
        for (const active of [
          [LORENZO],
          [LORENZO_SECOND],
          [LORENZO, LORENZO_SECOND, REGRESSION],
          [LORENZO, REGRESSION],
        ]) {
          turn++;
          const settings = { active, blockSize: 3 + (turn % 5) };
          const told = `${dims.join("x")} ${JSON.stringify(settings)}`;
          const original = rough(dtype, dims, 1000 + turn);
          const plain = valuesOf(original);
          const quantizer = new PlainQuantizer(dtype, RADIUS);
          const lists = plainLists(dtype);
          scanPlainly(plain, dtype, dims, settings, bound, quantizer, lists);
          withArray(dtype, dims, RADIUS, undefined, (array) => {
            bytesAt(array).set(bytesOf(original));
            const blocks = new BlockLists(array, settings, bound, blockCount(dims, settings.blockSize));
            const work = new WorkingArray(array.kernels, array.type, array.width, dims);
            work.fill(array.values);
            blocks.scan(work);
            work.take(array.values);
            expect(indicesOf(array), told).toEqual(quantizer.indices);
            expect(Buffer.compare(bytesAt(array), bytesOfValues(dtype, plain)), told).toBe(0);
            if (active.length > 1) expect(blocks.selections(), told).toEqual(lists.selections);
            if (active.includes(REGRESSION)) expect(blocks.coefficients(), told).toEqual(lists.linear.indices);
          });
        }
      }
    });
  }

  it("Huffman code", () => {
    const next = numbers(5);
    for (const limit of [1, 2, 3, 50, 700, 70000]) {
      for (const skew of [1, 3, 12]) {
        const symbols = Array.from({ length: 5000 }, () => Math.floor((next() / 2 ** 32) ** skew * limit));
        const code = buildHuffman(countPlainly(symbols, limit));
        const bytes = writePlainly(symbols, code);
        withArray("int32", [symbols.length], 1, undefined, ({ kernels, indices }) => {
          new Int32Array(kernels.memory.buffer, indices, symbols.length).set(symbols);
          const list = { address: indices, count: symbols.length, limit };
          const to = new ByteWriter();
          writeSymbols(to, kernels, list, false);
          const stream = to.written().slice();
          expect(Buffer.compare(stream.subarray(stream.length - bytes.length), bytes)).toBe(0);
          readSymbols(new ByteReader(stream, "symbols"), kernels, list, false);
          expect([...new Int32Array(kernels.memory.buffer, indices, symbols.length)]).toEqual(symbols);
        });
        expect(readPlainly(bytes, code, symbols.length)).toEqual(symbols);
        if (code.nodeCount > 1) expect(readPlainly(bytes.subarray(0, -1), code, symbols.length)).toBeUndefined();
      }
    }
  });

  it("codes longer than 32 bits", () => {
    // Fibonacci's numbers make the longest code.
    const counts = new Uint32Array(40);
    counts.set([1, 1]);
    for (let i = 2; i < 40; i++) counts[i] = counts[i - 1]! + counts[i - 2]!;
    const code = buildHuffman(counts);
    const symbols = Array.from({ length: 400 }, (_, i) => (i * 7) % 40);
    const bytes = writePlainly(symbols, code);
    expect(Math.max(...code.table.filter((_, word) => word % 4 === 2))).toBe(39);
    expect(readPlainly(bytes, code, symbols.length)).toEqual(symbols);
    withArray("int32", [symbols.length], 1, undefined, ({ kernels, indices, count }) => {
      const { arena, exports, memory } = kernels;
      new Int32Array(memory.buffer, indices, count).set(symbols);
      const table = arena.alloc(4 * code.table.length);
      const to = arena.alloc(bytes.length);
      new Uint32Array(memory.buffer, table, code.table.length).set(code.table);
      const length = exports.huffmanWrite(indices, count, table, to);
      expect(Buffer.compare(new Uint8Array(memory.buffer, to, length), bytes)).toBe(0);
    });
  });
});

it("powers are rounded once", () => {
  expect(power(1.25, 4)).toBe(1.25 ** 4);
  expect(power(2, 30)).toBe(2 ** 30);
  // 1.1 ** 10 as a correctly rounded product of the float64 nearest to 1.1.
  expect(power(1.1, 10)).toBe(2.5937424601000023);
  expect(power(1e6, 29)).toBe(1e174);
  expect(power(1e30, 29)).toBe(Number.POSITIVE_INFINITY);
});
