/** The same bytes as the `zfp` program writes, and the same values as it restores, for random arrays and modes. */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { beforeAll, expect } from "vitest";
import type { ZfpLayout } from "../../src/codecs/zfp-array.ts";
import { decodeZfp } from "../../src/codecs/zfp-decode.ts";
import { encodeZfp } from "../../src/codecs/zfp-encode.ts";
import { readZfpHeader } from "../../src/codecs/zfp-header.ts";
import { prepareZfp } from "../../src/codecs/zfp-kernel.ts";
import { isReversible, type ZfpMode } from "../../src/codecs/zfp-parameters.ts";
import { needsProgram } from "../optional.ts";
import { zfpCases } from "../support/zfp-cases.ts";

const FLAGS = { int32: "i32", int64: "i64", float32: "f32", float64: "f64" } as const;

function arrayFlags({ type, shape }: ZfpLayout): string[] {
  return ["-t", FLAGS[type], `-${shape.length}`, ...shape.toReversed().map(String)];
}

function modeFlags(mode: ZfpMode, { parameters }: ZfpLayout): string[] {
  if ("rate" in mode) return ["-r", String(mode.rate)];
  if ("precision" in mode) return ["-p", String(mode.precision)];
  if ("accuracy" in mode) return ["-a", String(mode.accuracy)];
  if (isReversible(parameters) && "reversible" in mode) return ["-R"];
  const { minbits, maxbits, maxprec, minexp } = parameters;
  return ["-c", ...[minbits, maxbits, maxprec, minexp].map(String)];
}

function zfp(flags: string[], input: Uint8Array): Uint8Array {
  const { stdout, stderr, status } = spawnSync("zfp", ["-q", ...flags], { input, maxBuffer: 1 << 28 });
  expect(status, `zfp ${flags.join(" ")}: ${stderr}`).toBe(0);
  return new Uint8Array(stdout);
}

/** Debian builds zfp with words of 8 bits, which end streams at a byte; the default is 64. Bits behind are zeros. */
function filledUp(stream: Uint8Array): Uint8Array {
  const filled = new Uint8Array(Math.ceil(stream.length / 8) * 8);
  filled.set(stream);
  return filled;
}

needsProgram("zfp").describe("beside native zfp", () => {
  beforeAll(prepareZfp);
  const { it } = needsProgram("zfp");

  it("streams and restored values are the same, with and without header", () => {
    const property = fc.property(zfpCases([70, 19, 13, 9]), fc.boolean(), ({ layout, mode, values }, header) => {
      const raw = new Uint8Array(values.buffer);
      const array = arrayFlags(layout);
      const settings = modeFlags(mode, layout);
      const withHeader = header ? ["-h"] : [];
      const native = zfp([...withHeader, ...array, ...settings, "-i", "-", "-z", "-"], raw);
      const ours = encodeZfp(layout, values, header);
      expect(Buffer.compare(ours, filledUp(native)), `zfp ${array.join(" ")} ${settings.join(" ")}`).toBe(0);
      const bit = header ? readZfpHeader(native).bits : 0;
      const restored = zfp([...(header ? ["-h"] : [...array, ...settings]), "-z", "-", "-o", "-"], ours);
      const back = decodeZfp(layout, native, bit);
      expect(Buffer.compare(new Uint8Array(back.buffer), restored)).toBe(0);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
