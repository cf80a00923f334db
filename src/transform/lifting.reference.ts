/** Slow twin of kernels/transform/lifting.ts, line by line on integers of `width` bits that wrap. */
type Line = [x: bigint, y: bigint, z: bigint, w: bigint];

function lift([x, y, z, w]: Line, wrap: (v: bigint) => bigint): Line {
  x = wrap(x + w) >> 1n;
  w = wrap(w - x);
  z = wrap(z + y) >> 1n;
  y = wrap(y - z);
  x = wrap(x + z) >> 1n;
  z = wrap(z - x);
  w = wrap(w + y) >> 1n;
  y = wrap(y - w);
  w = wrap(w + (y >> 1n));
  y = wrap(y - (w >> 1n));
  return [x, y, z, w];
}

function unlift([x, y, z, w]: Line, wrap: (v: bigint) => bigint): Line {
  y = wrap(y + (w >> 1n));
  w = wrap(w - (y >> 1n));
  y = wrap(y + w);
  w = wrap(2n * w - y);
  z = wrap(z + x);
  x = wrap(2n * x - z);
  y = wrap(y + z);
  z = wrap(2n * z - y);
  w = wrap(w + x);
  x = wrap(2n * x - w);
  return [x, y, z, w];
}

/** Third differences. */
function liftExact([x, y, z, w]: Line, wrap: (v: bigint) => bigint): Line {
  return [x, wrap(y - x), wrap(z - 2n * y + x), wrap(w - 3n * z + 3n * y - x)];
}

function unliftExact([x, y, z, w]: Line, wrap: (v: bigint) => bigint): Line {
  return [x, wrap(x + y), wrap(x + 2n * y + z), wrap(x + 3n * y + 3n * z + w)];
}

/** Changes the block in place: along x first, or last for the inverse. */
export function transform(block: bigint[], width: number, way: "forward" | "inverse", exact: boolean): void {
  const wrap = (v: bigint) => BigInt.asIntN(width, v);
  const step = way === "forward" ? (exact ? liftExact : lift) : exact ? unliftExact : unlift;
  const strides = [1, 4, 16, 64].filter((stride) => stride < block.length);
  for (const stride of way === "forward" ? strides : strides.reverse()) {
    for (let i = 0; i < block.length; i++) {
      if (Math.floor(i / stride) % 4 !== 0) continue;
      const at = [i, i + stride, i + 2 * stride, i + 3 * stride] as const;
      const line = step(at.map((k) => block[k]!) as Line, wrap);
      at.forEach((k, j) => {
        block[k] = line[j]!;
      });
    }
  }
}
