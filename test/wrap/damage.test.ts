/** Sections of wrapping codecs with bytes changed, cut or made absurd: a typed error or some values, never more. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeValues, encodeValues } from "../../src/compressor/chunk.ts";
import type { SectionName } from "../../src/compressor/codec.ts";
import { configure, plainChildren } from "../../src/compressor/configure.ts";
import { withParts } from "../../src/compressor/part.ts";
import { codecs } from "../../src/compressor/registry.ts";
import { isTempressError } from "../../src/errors.ts";
import { tensor } from "../../src/tensor/tensor.ts";

const input = tensor(
  "float32",
  [6, 5, 7],
  Float32Array.from({ length: 210 }, (_, i) => Math.sin(i / 9) * 20 + (i % 7 === 0 ? 9 : 0)),
);
const bound = { kind: "abs", value: 0.05 } as const;

async function encoded(name: string) {
  const tree = await configure(name);
  const { codec, options } = tree;
  await codec.prepare();
  const children = plainChildren(tree.children);
  const settings = { codec, options, children, bound, effort: "fast", readBack: false, origin: [0, 0, 0] } as const;
  return { codec, sections: (await withParts(() => encodeValues(input, settings))).sections };
}

for (const name of codecs.wrappers()) {
  const codec = await codecs.get(name);
  if (codec.direct) continue;
  it(`${name}: damage is told`, async () => {
    if (!codec.keeps.includes("abs")) return;
    const { sections } = await encoded(name);
    const edits = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.boolean() }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(), edits, async (which, changes) => {
        const changed = new Map<SectionName, Uint8Array>(sections.map((s) => [s.name, s.bytes.slice()]));
        const target = sections[which % sections.length]!.name;
        let bytes = changed.get(target)!;
        for (const { at, byte, cut } of changes) {
          if (bytes.length === 0) break;
          if (cut) bytes = bytes.slice(0, at % bytes.length);
          // The first bytes say how the rest is read: they are hit often.
          else bytes[at % 3 === 0 ? at % Math.min(24, bytes.length) : at % bytes.length] = byte;
        }
        changed.set(target, bytes);
        try {
          const stored = {
            codec,
            version: 1,
            dtype: input.dtype,
            shape: input.shape,
            bound,
            sections: changed,
            depth: 0,
          };
          const values = await withParts(() => decodeValues(stored));
          expect(values.data.length).toBe(210);
        } catch (error) {
          // A kernel that traps is named a damaged chunk one level up, like any codec's.
          const known = isTempressError(error) || error instanceof WebAssembly.RuntimeError;
          expect(known, error instanceof Error ? `${error.stack}` : String(error)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
}
