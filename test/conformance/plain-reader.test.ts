import { describe, expect, it } from "vitest";
import type { Codec } from "../../src/compressor/codec.ts";
import { compress } from "../../src/compressor/compress.ts";
import { codecs } from "../../src/compressor/registry.ts";
import { DTYPES, type DType } from "../../src/tensor/dtype.ts";
import { bytesOf, tensorFromBytes } from "../../src/tensor/tensor.ts";
import { fields, SHAPES } from "../support/fields.ts";
import { readPlainly } from "../support/plain-reader.ts";

/** Zeroes every third byte: a codec that needs the special values and corrections around it. */
const careless: Codec = {
  name: "careless",
  id: 222,
  version: 1,
  stability: "experimental",
  summary: "test codec",
  keeps: ["abs", "pw_rel", "lossless"],
  dtypes: ["float32", "float64", "int16"],
  options: {},
  prepare: async () => undefined,
  encode: ({ frames }) => ({
    sections: [{ name: "codes", bytes: bytesOf(frames).map((byte, i) => (i % 3 === 0 ? 0 : byte)) }],
  }),
  decode: ({ dtype, shape, section }) => tensorFromBytes(dtype, shape, section("codes").slice()),
};
codecs.register(careless);

describe.each(["noop", "gzip", "careless"])("a reader made from FORMAT.md reads %s", (codec) => {
  const dtypes: DType[] = codec === "careless" ? ["float32", "float64", "int16"] : ["float64", "int16", "bool"];
  it.each(dtypes)("%s", async (dtype) => {
    for (const [turn, shape] of SHAPES.entries()) {
      for (const { name, tensor, fill } of fields(dtype, shape)) {
        const timeAxis = turn % shape.length;
        const described = { ...tensor, axes: shape.map((_, k) => `axis ${k}`), attributes: { name } };
        const file = await compress(described, { codec, lossless: true, fill, timeAxis, window: 2 + (turn % 3) });
        const back = readPlainly(file, ({ sections }) => sections.get(4)!.slice());
        expect(back.shape).toEqual(shape);
        expect(back.dtype).toBe(DTYPES[dtype].id);
        expect(Buffer.compare(back.bytes, bytesOf(tensor)), `${name} ${shape.join("x")}`).toBe(0);
      }
    }
  });
});
