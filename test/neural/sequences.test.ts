/** The generated sequences, on which networks are judged, are the same bits on every machine. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Fourier } from "../support/sequences/fourier.ts";
import { grayScott } from "../support/sequences/gray-scott.ts";
import { navierStokes } from "../support/sequences/navier-stokes.ts";

const hash = (values: Float32Array) =>
  createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex").slice(0, 16);

describe("generated sequences", () => {
  it("the Fourier transform is that of the definition, and has a way back", () => {
    const n = 8;
    const re = Float64Array.from({ length: n * n }, (_, i) => ((i * 37) % 11) - 5);
    const im = Float64Array.from({ length: n * n }, (_, i) => ((i * 13) % 7) - 3);
    const [a, b] = [re.slice(), im.slice()];
    const fourier = new Fourier(n);
    fourier.transform(a, b, false);
    const [ky, kx] = [3, 2];
    let [x, y] = [0, 0];
    for (let i = 0; i < n * n; i++) {
      const angle = (-2 * Math.PI * (ky * Math.floor(i / n) + kx * (i % n))) / n;
      x += re[i]! * Math.cos(angle) - im[i]! * Math.sin(angle);
      y += re[i]! * Math.sin(angle) + im[i]! * Math.cos(angle);
    }
    expect(a[ky * n + kx]).toBeCloseTo(x, 9);
    expect(b[ky * n + kx]).toBeCloseTo(y, 9);
    fourier.transform(a, b, true);
    for (let i = 0; i < n * n; i++) {
      expect(a[i]).toBeCloseTo(re[i]!, 12);
      expect(b[i]).toBeCloseTo(im[i]!, 12);
    }
  });

  it("a flow", () => {
    const flow = navierStokes({ frames: 3, size: 32, before: 10 });
    expect(flow.every(Number.isFinite)).toBe(true);
    expect(hash(flow)).toBe("9e1cf6fd9357297f");
  });

  it("a reaction", () => {
    expect(hash(grayScott({ frames: 3, size: 32, before: 20 }))).toBe("62a581da0de77b4b");
  });
});
