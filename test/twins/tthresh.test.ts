/** TTHRESH's decoder against its slow twin: every number the same, to the last bit. */
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { decodeTthreshReference } from "../../src/codecs/tthresh.reference.ts";
import { decodeTthresh, readHead } from "../../src/codecs/tthresh-decode.ts";
import { encodeTthresh, withAnalysis } from "../../src/codecs/tthresh-encode.ts";
import { tthreshKernels, volume } from "../../src/codecs/tthresh-kernels.ts";
import { readFolder } from "../support/tthresh-streams.ts";

beforeAll(() => tthreshKernels.ready());

function decoded(bytes: Uint8Array): Float64Array {
  const head = readHead(bytes, "stream");
  const out = new Float64Array(volume(head.extents));
  let at = 0;
  decodeTthresh(bytes, head, "stream", (values) => {
    out.set(values, at);
    at += values.length;
  });
  return out;
}

function same(bytes: Uint8Array): void {
  const plain = decodeTthreshReference(bytes);
  expect(readHead(bytes, "stream").extents).toEqual(plain.extents);
  const [a, b] = [decoded(bytes), plain.values].map((values) => new BigUint64Array(values.buffer));
  expect(a).toEqual(b);
}

it("streams of the native program", () => {
  for (const { bytes } of readFolder().filter(({ bytes }) => bytes.length < 5500)) same(bytes);
});

it("our own, of any shape and target", () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });
  const property = fc.property(shapes, fc.double({ min: -40, max: 4 }), fc.integer(), (extents, target, seed) => {
    const fill = (values: Float64Array) => {
      for (let i = 0; i < values.length; i++) {
        values[i] = Math.sin(i * 0.3) * 50 + ((Math.imul(i + seed, 0x9e3779b1) >>> 20) - 2048) / 100;
      }
    };
    same(withAnalysis(extents, fill, (analysis) => encodeTthresh(analysis, "float64", 2 ** target)));
  });
  fc.assert(property, { numRuns: 25 });
});
