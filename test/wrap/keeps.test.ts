/** Every codec that wraps others, with several inside, keeps every promise of every type; specials stay bit for bit. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openArchive } from "../../src/compressor/archive.ts";
import type { Codec } from "../../src/compressor/codec.ts";
import { compress } from "../../src/compressor/compress.ts";
import { configure } from "../../src/compressor/configure.ts";
import { decompress } from "../../src/compressor/decompress.ts";
import { codecs } from "../../src/compressor/registry.ts";
import { WRAPPERS } from "../../src/compressor/wrap/entries.ts";
import { isTempressError } from "../../src/errors.ts";
import type { PromiseSpec } from "../../src/promise/spec.ts";
import { dtypes, fillsFor, tensorsOf } from "../nasty-tensors.ts";
import { offence } from "../support/keeps-promise.ts";

const CHILDREN = ["tezip", "sz3", "zfp", "zstd", "transpose", "delta_encoding"] as const;
const PROMISES = [
  [{ abs: 0.75 }, { kind: "abs", abs: 0.75 }],
  [{ rel: 1e-3 }, { kind: "rel", rel: 1e-3 }],
  [{ pwRel: 0.01 }, { kind: "pw_rel", pwRel: 0.01 }],
  [{ lossless: true }, { kind: "lossless" }],
] as const satisfies readonly (readonly [object, PromiseSpec])[];
const NEEDS = { abs: "abs", rel: "abs", pw_rel: "pw_rel", lossless: "lossless" } as const;

/** Options other than the child that make a wrapper do its work on small tensors. */
const MORE: Record<string, Record<string, unknown>> = {
  cast: { "cast:dtype": "float64" },
  chunking: { "chunking:size": [2, 3, 2] },
  sample: { "sample:rate": 0.5, "sample:mode": "wor", "sample:seed": 7 },
  switch: { "switch:active_id": -1 },
  roibin: {
    "roibin:centers": { dtype: "float64", shape: [2, 1], data: Float64Array.of(1, 5) },
    "roibin:roi_size": [1],
  },
  mask_interpolation: {
    "mask_interpolation:mask": { dtype: "uint8", shape: [6], data: Uint8Array.of(1, 0, 0, 1, 1, 0) },
  },
  mask_binning: { "mask_binning:mask": { dtype: "uint8", shape: [6], data: Uint8Array.of(1, 0, 0, 1, 0, 1) } },
};

MORE.corrector = { "corrector:sign": true, "corrector:monotone": true };

const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });

function withChild(codec: Codec, child: string): Record<string, unknown> {
  const given: Record<string, unknown> = { ...MORE[codec.name] };
  for (const [key, spec] of Object.entries(codec.options)) {
    if (!spec.child) continue;
    // A wrapper that wraps itself gets the plain codec inside.
    const inside = child === codec.name ? "zstd" : child;
    if (spec.type === "strings") given[key] = codec.name === "pipeline" ? [inside, "zstd"] : [inside, "zstd"];
    else if (key !== "pw_rel:sign_comp" && key !== "roibin:roi") given[key] = inside;
  }
  return given;
}

for (const { name, id } of WRAPPERS) {
  const codec = await codecs.get(name);
  // It finds a promise of its own: test/wrap/search.test.ts.
  if (name === "opt") continue;
  describe(name, () => {
    it("keeps its promise whatever is inside", async () => {
      expect([codec.name, codec.id]).toEqual([name, id]);
      const cases = dtypes.chain((dtype) =>
        fc.record({
          input: tensorsOf(dtype, shapes),
          promise: fc.constantFrom(...PROMISES.filter(([, { kind }]) => codec.keeps.includes(NEEDS[kind]))),
          child: fc.constantFrom(...CHILDREN),
          effort: fc.constantFrom("fast", "balanced"),
        }),
      );
      await fc.assert(
        fc.asyncProperty(cases, fc.nat(), async ({ input, promise: [given, spec], child, effort }, n) => {
          const [fill] = fc.sample(fillsFor(input), { seed: n, numRuns: 1 });
          const options = withChild(codec, child);
          let bytes: Uint8Array;
          try {
            bytes = await compress(input, { codec: name, options, fill, effort: effort as "fast", ...given });
          } catch (error) {
            // A codec inside may not take the type, or not keep this promise; it says so, and nothing is written.
            expect(isTempressError(error, "unsupported"), String(error)).toBe(true);
            expect(["sz3", "zfp", "delta_encoding", "transpose"]).toContain(child);
            return;
          }
          const back = await decompress(bytes);
          expect(offence(input, back, spec, fill), `${child} ${JSON.stringify(given)}`).toBeUndefined();
        }),
        { numRuns: 40 },
      );
    }, 60_000);
  });
}

it("a file says how it was made, and needs no options to be read", async () => {
  const [input] = fc.sample(tensorsOf("float32", fc.constant([6, 6, 6])), { seed: 1, numRuns: 1 });
  const options = {
    "transpose:axis": [2, 0, 1],
    "transpose:compressor": "linear_quantizer",
    "linear_quantizer:compressor": "zstd",
    "/transpose/linear_quantizer/zstd:zstd:level": 9,
  };
  const bytes = await compress(input!, { codec: "transpose", options, abs: 0.5 });
  const archive = await openArchive(bytes);
  expect(archive.header.options).toEqual({
    "transpose:axis": "2,0,1",
    "transpose:compressor": "linear_quantizer",
    "linear_quantizer:compressor": "zstd",
    "zstd:level": 9,
  });
  expect(offence(input!, await decompress(bytes), { kind: "abs", abs: 0.5 })).toBeUndefined();
});

describe("names in a tree", () => {
  it("the most specific wins, a plain key holds everywhere", async () => {
    const tree = await configure("switch", {
      "switch:compressors": ["zstd", "zstd", "transpose"],
      "switch:names": ["quick", "small", "turned"],
      "transpose:compressor": "zstd",
      "zstd:level": 3,
      "/switch/small:zstd:level": 19,
      "/switch/turned:zstd:level": 7,
    });
    const levels = tree.children["switch:compressors"]!.map(
      (node) => (node.children["transpose:compressor"]?.[0] ?? node).options["zstd:level"],
    );
    expect(levels).toEqual([3, 19, 7]);
  });

  it("strays and endless trees are refused with a way out", async () => {
    const said = async (options: Record<string, unknown>) =>
      await configure("transpose", options).then(
        () => "",
        (error) => error.describe(),
      );
    expect(await said({ "transpose:compressor": "sz" })).toContain('did you mean "sz3"?');
    expect(await said({ "transpose:compressor": "zstd", "zst:level": 3 })).toContain('did you mean "zstd:level"?');
    expect(await said({ "transpose:compressor": "gzip", "zstd:level": 3 })).toContain('no option "zstd:level"');
    expect(await said({ "/transpose/tezip:tezip:windov": 3 })).toContain('"/transpose/tezip:tezip:window"');
    expect(await said({ "transpose:compressor": "transpose" })).toContain("8 deep");
  });
});
