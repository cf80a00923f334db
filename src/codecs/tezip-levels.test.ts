import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Field, type FieldSpec, fieldOf, fields, randomOf } from "../../test/twins/fields.ts";
import { isTempressError } from "../errors.ts";
import { ORDERS } from "../predict/plan.ts";
import type { Floats } from "../quantize/working.ts";
import { decodeLevels, encodeLevels, type LevelsSearch, type LevelsStream, levelsKernels } from "./tezip-levels.ts";

beforeAll(async () => {
  await levelsKernels.ready();
});

const WAVES: FieldSpec = {
  shape: [6, 21, 30],
  kind: "moving waves",
  order: "forward",
  learns: false,
  wide: false,
  whole: false,
  exact: false,
  bound: 1e-3,
  masked: 0,
  wild: 0,
  seed: 5,
};

function encode(field: Field, more: Partial<LevelsSearch> = {}): LevelsStream {
  const { values, planes, quantizer, mask, order, learns } = field;
  const search = { orders: [order], learning: [learns], samples: 16000, ...more };
  const stream = encodeLevels(values, planes, quantizer, mask, search);
  if (!stream) throw new Error("no stream");
  return stream;
}

type Sections = Pick<LevelsStream, "side" | "codes" | "escapes">;

/** As its sections come out of a file: the codes in two parts. */
function decode(field: Field, { mode, quantizer, keyLength }: LevelsStream, sections: Sections): Floats {
  const { side, codes, escapes } = sections;
  const stream = { side, escapes, codes: [codes.subarray(0, keyLength), codes.subarray(keyLength)] };
  return decodeLevels(stream, field.planes, mode, { ...quantizer, bound: 0 }, field.wide, field.mask);
}

describe("encodeLevels and decodeLevels", () => {
  it("keep the bound on every value that matters, and agree on all", () => {
    fc.assert(
      fc.property(fields, (field) => {
        const stream = encode(field);
        const decoded = decode(field, stream, stream);
        expect(decoded).toEqual(stream.decoded);
        for (let i = 0; i < decoded.length; i++) {
          if (!field.mask?.[i] && !(Math.abs(decoded[i]! - field.values[i]!) <= field.quantizer.bound)) {
            throw new Error(`value ${i}: ${field.values[i]} became ${decoded[i]}`);
          }
        }
        expect(stream.keyLength).toBeLessThanOrEqual(stream.codes.length);
      }),
      { numRuns: 300 },
    );
  });

  it("give the same bytes again, whatever was coded in between", () => {
    const field = fieldOf(WAVES);
    const first = encode(field);
    encode(fieldOf({ ...WAVES, kind: "noise", wide: true, learns: true, masked: 0.3 }));
    encode(fieldOf({ ...WAVES, exact: true, shape: [500] }));
    const again = encode(field);
    expect(again).toEqual(first);
  });

  it("leave the kernels' memory as they found it", () => {
    const { arena } = levelsKernels.get();
    const before = arena.mark();
    const field = fieldOf({ ...WAVES, masked: 0.1, wild: 0.1 });
    const stream = encode(field, { orders: ORDERS, learning: [false, true] });
    decode(field, stream, stream);
    expect(arena.mark()).toBe(before);
    expect(() => decode(field, stream, { ...stream, escapes: new Uint8Array(0) })).toThrow();
    expect(arena.mark()).toBe(before);
  });

  it("refuse chunks that no memory holds, and give back what they took", () => {
    const { arena } = levelsKernels.get();
    const before = arena.mark();
    const stream = encode(fieldOf(WAVES));
    for (const [times, height, width] of [
      [1, 1, 2 ** 31],
      [1, 2 ** 20, 2 ** 20],
      [1, 1, 2 ** 33 + 5],
      [3, 2 ** 30, 1],
    ] as const) {
      const field = { ...fieldOf(WAVES), planes: { times, levels: 1, height, width } };
      expect(() => decode(field, stream, stream)).toThrow(expect.objectContaining({ code: "unsupported" }));
      expect(arena.mark()).toBe(before);
    }
  });

  it("take rows of any length in the same working memory", () => {
    const { exports } = levelsKernels.get();
    const wide = exports.scratchBytes(8192, 8);
    expect(wide).toBeLessThan(8 << 20);
    for (const width of [10_000, 2 ** 24, 2 ** 31 - 1]) expect(exports.scratchBytes(width, 8)).toBe(wide);
  });

  it("code constants in a few bytes, and of slopes the borders only", () => {
    const field = fieldOf({ ...WAVES, shape: [10, 50, 60], bound: 1e-6 });
    const still = encode({ ...field, values: field.values.map(() => 273.15) });
    expect(still.codes.length + still.escapes.length).toBeLessThan(60);
    const slope = encode({ ...field, values: field.values.map((_, i) => (i % 60) + (Math.floor(i / 60) % 50) / 4) });
    expect(slope.codes.length + slope.escapes.length).toBeLessThan(30_000 * (0.6 / 8));
  });

  it("take the better order by estimate, and learning where it pays", () => {
    const field = fieldOf({ ...WAVES, shape: [17, 30, 40], bound: 0.02 });
    const size = ({ side, codes, escapes }: LevelsStream) => side.length + codes.length + escapes.length;
    const sizes = ORDERS.map((order) => size(encode(field, { orders: [order] })));
    expect(size(encode(field, { orders: ORDERS }))).toBeLessThanOrEqual(Math.max(...sizes));
    const learnt = [false, true].map((learns) => size(encode(field, { learning: [learns] })));
    expect(size(encode(field, { learning: [false, true] }))).toBe(Math.min(...learnt));
  });

  it("give up early where another method is far better", () => {
    const field = fieldOf({ ...WAVES, shape: [12, 30, 40] });
    const { values, planes, quantizer } = field;
    const search = { orders: ["forward"], learning: [false], samples: 16000 } as const;
    expect(encodeLevels(values, planes, quantizer, undefined, { ...search, rival: () => 10 })).toBeUndefined();
    expect(encodeLevels(values, planes, quantizer, undefined, { ...search, rival: () => 1e9 })).toBeDefined();
  });
});

function randomBytes(count: number, seed: number): Uint8Array {
  const random = randomOf(seed);
  return Uint8Array.from({ length: count }, () => random() * 256);
}

/** What happens to sections on bad disks, and worse. */
function damage(bytes: Uint8Array, random: () => number): Uint8Array {
  const at = Math.floor(random() * bytes.length);
  const kind = Math.floor(random() * 6);
  if (kind === 0) return bytes.slice(0, at);
  if (kind === 1) return new Uint8Array(0);
  if (kind === 2) return randomBytes(at, at + 1);
  if (kind === 3) return Uint8Array.from([...bytes, ...randomBytes(40, at)]);
  const out = bytes.slice();
  if (kind === 4) out.fill(random() < 0.5 ? 0 : 255, at);
  else
    for (let k = 0; k < 1 + random() * 4; k++) out[Math.floor(random() * out.length)]! ^= 1 << Math.floor(random() * 8);
  return out;
}

describe("damaged sections", () => {
  const victims = (): Field[] => [
    fieldOf(WAVES),
    fieldOf({ ...WAVES, wide: true, order: "hierarchical", shape: [11, 9, 8], wild: 0.1 }),
    fieldOf({ ...WAVES, shape: [2, 3, 9, 7], learns: true, masked: 0.2, wild: 0.05 }),
    fieldOf({ ...WAVES, shape: [600], whole: true }),
    fieldOf({ ...WAVES, shape: [4, 13, 11], exact: true }),
    fieldOf({ ...WAVES, shape: [4, 13, 11], exact: true, wide: true, learns: true }),
  ];

  it("give values or a typed error: no crash, no hang, no byte outside the chunk's own memory", () => {
    const { arena, memory } = levelsKernels.get();
    const outer = arena.mark();
    // Something that lies before the chunk's memory, as an outer stage's data would.
    const guardLength = 1 << 16;
    const guard = arena.alloc(guardLength);
    new Uint8Array(memory.buffer, guard, guardLength).set(randomBytes(guardLength, 3));
    const mark = arena.mark();
    let refused = 0;
    for (const [v, field] of victims().entries()) {
      const stream = encode(field);
      const random = randomOf(v + 11);
      for (let run = 0; run < 120; run++) {
        const hit = 1 + Math.floor(random() * 7);
        const { side, codes, escapes } = stream;
        const sections = {
          side: hit & 1 ? damage(side, random) : side,
          codes: hit & 2 ? damage(codes, random) : codes,
          escapes: hit & 4 ? damage(escapes, random) : escapes,
        };
        try {
          const decoded = decode(field, stream, sections);
          expect(decoded.length).toBe(field.values.length);
        } catch (error) {
          if (!isTempressError(error, "corrupt")) throw error;
          refused++;
        }
        expect(arena.mark()).toBe(mark);
      }
      // The next chunk is not affected.
      expect(decode(field, stream, stream)).toEqual(stream.decoded);
    }
    expect(refused).toBeGreaterThan(20);
    expect(new Uint8Array(memory.buffer, guard, guardLength)).toEqual(randomBytes(guardLength, 3));
    arena.release(outer);
  });

  it("take no longer than sound ones: bytes that ask for escapes without end stop at the last value", () => {
    const field = fieldOf({ ...WAVES, shape: [3, 40, 50] });
    const stream = encode(field);
    for (const fill of [0, 255]) {
      const codes = new Uint8Array(100_000).fill(fill);
      try {
        expect(decode(field, stream, { ...stream, codes }).length).toBe(field.values.length);
      } catch (error) {
        if (!isTempressError(error, "corrupt")) throw error;
      }
    }
  });

  it("name the section and what to do", () => {
    const field = fieldOf({ ...WAVES, wild: 0.1 });
    const stream = encode(field);
    expect(() => decode(field, stream, { ...stream, escapes: new Uint8Array(0) })).toThrow(
      expect.objectContaining({ code: "corrupt", where: "section escapes", hint: expect.any(String) }),
    );
    const side = new Uint8Array(stream.side.length).fill(255);
    const outcomes = [side, randomBytes(60, 1), randomBytes(60, 2), randomBytes(60, 3)].map((bytes) => {
      try {
        decode(field, stream, { ...stream, side: bytes });
        return "values";
      } catch (error) {
        return isTempressError(error) ? `${error.code} ${error.where}` : String(error);
      }
    });
    for (const outcome of outcomes) expect(outcome).toMatch(/^(values|corrupt section (side|escapes))$/);
  });
});
