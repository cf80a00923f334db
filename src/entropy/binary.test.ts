import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type BinaryExports, wasmBase64 } from "../wasm/binary.generated.ts";
import { instantiateNow, type KernelModule } from "../wasm/instance.ts";
import { BinaryDecoder, BinaryEncoder } from "./binary.reference.ts";

interface Decision {
  readonly bit: boolean;
  readonly p: number;
}

const decisions: fc.Arbitrary<Decision[]> = fc.array(
  fc.record({
    bit: fc.boolean(),
    p: fc.oneof(fc.constantFrom(1, 2, 32768, 65534, 65535), fc.integer({ min: 1, max: 65535 })),
  }),
  { maxLength: 400 },
);

let kernel: KernelModule<BinaryExports>;
let out: number;
const ROOM = 1 << 16;

beforeAll(() => {
  kernel = instantiateNow<BinaryExports>(wasmBase64);
  out = kernel.arena.alloc(ROOM);
});

function encodeByKernel(list: readonly Decision[]): Uint8Array {
  const { exports, memory } = kernel;
  exports.encoderStart(out);
  for (const { bit, p } of list) exports.encodeBit(bit, p);
  return new Uint8Array(memory.buffer, out, exports.encoderFinish()).slice();
}

function encodeByTwin(list: readonly Decision[]): Uint8Array {
  const encoder = new BinaryEncoder();
  for (const { bit, p } of list) encoder.encodeBit(bit, p);
  return encoder.finish();
}

function decodeByKernel(bytes: Uint8Array, list: readonly Decision[]): boolean[] {
  const { exports, memory } = kernel;
  new Uint8Array(memory.buffer, out, bytes.length).set(bytes);
  exports.decoderStart(out, bytes.length);
  return list.map(({ p }) => Boolean(exports.decodeBit(p)));
}

describe("binary arithmetic coder", () => {
  it("gives the same bytes as its twin, and the bits back", () => {
    fc.assert(
      fc.property(decisions, (list) => {
        const bytes = encodeByKernel(list);
        expect(bytes).toEqual(encodeByTwin(list));
        const bits = list.map(({ bit }) => bit);
        expect(decodeByKernel(bytes, list)).toEqual(bits);
        const decoder = new BinaryDecoder(bytes);
        expect(list.map(({ p }) => decoder.decodeBit(p))).toEqual(bits);
      }),
      { numRuns: 400 },
    );
  });

  it("reads any bytes at all the same way", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), decisions, (bytes, list) => {
        const decoder = new BinaryDecoder(bytes);
        expect(decodeByKernel(bytes, list)).toEqual(list.map(({ p }) => decoder.decodeBit(p)));
      }),
    );
  });

  it("carries through long runs of 255", () => {
    // Zeros at the even odds push low to the top of the interval; the last steps overflow it.
    const list: Decision[] = [];
    for (let i = 0; i < 300; i++) list.push({ bit: false, p: 32768 });
    for (let i = 0; i < 300; i++) list.push({ bit: i % 2 === 0, p: 1 + ((i * 7919) % 65535) });
    expect(encodeByKernel(list)).toEqual(encodeByTwin(list));
  });

  it("codes raw numbers of 0 to 32 bits", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 0xffffffff }), fc.integer({ min: 0, max: 32 }))), (numbers) => {
        const { exports, memory } = kernel;
        exports.encoderStart(out);
        const twin = new BinaryEncoder();
        for (const [value, count] of numbers) {
          exports.encodeRaw(value, count);
          twin.encodeRaw(value, count);
        }
        const bytes = new Uint8Array(memory.buffer, out, exports.encoderFinish()).slice();
        expect(bytes).toEqual(twin.finish());
        exports.decoderStart(out, bytes.length);
        const decoder = new BinaryDecoder(bytes);
        for (const [value, count] of numbers) {
          const wanted = count === 0 ? 0 : Number(BigInt.asUintN(count, BigInt(value)));
          expect(exports.decodeRaw(count) >>> 0).toBe(wanted);
          expect(decoder.decodeRaw(count)).toBe(wanted);
        }
      }),
    );
  });

  it("spends what the probabilities say", () => {
    const list = Array.from({ length: 10_000 }, (_, i) => ({ bit: i % 100 === 0, p: 655 }));
    const entropy = (100 * Math.log2(65536 / 655) + 9900 * Math.log2(65536 / 64881)) / 8;
    expect(encodeByKernel(list).length).toBeLessThan(entropy + 5);
  });
});
