/**
 * Looks for the place where an expensive function of one number comes near a target, in few evaluations: steps along
 * the slope that was seen (or is expected) until the target is passed, then interpolation between both sides.
 */
export interface Found {
  readonly at: number;
  readonly value: number;
  readonly evaluations: number;
  /** Whether the value is near enough. */
  readonly met: boolean;
}

export interface Search {
  readonly lower: number;
  readonly upper: number;
  readonly start: number;
  /** Steps in factors rather than in differences. */
  readonly logarithmic: boolean;
  readonly integral: boolean;
  readonly target: number;
  /** Whether the result is a ratio, whose logarithm is nearer a straight line. */
  readonly ratio: boolean;
  /** Change of the result (of its logarithm, for a ratio) with one step, as far as one can guess. */
  readonly slope: number;
  near(value: number): boolean;
  readonly most: number;
}

export async function seek(f: (at: number) => Promise<number>, search: Search): Promise<Found> {
  const { near, most } = search;
  const into = (x: number) => (search.logarithmic ? Math.log(x) : x);
  const outOf = (x: number) => {
    const at = Math.min(search.upper, Math.max(search.lower, search.logarithmic ? Math.exp(x) : x));
    return search.integral ? Math.round(at) : at;
  };
  const scaled = (value: number) => (search.ratio ? Math.log(value) : value);
  const target = scaled(search.target);
  const seen = new Map<number, number>();
  const off = (value: number) => Math.abs(scaled(value) - target);
  const best = (): Found => {
    const [at, value] = [...seen].reduce((a, b) => (off(b[1]) < off(a[1]) ? b : a));
    return { at, value, evaluations: seen.size, met: near(value) };
  };
  /** Places in the scale of steps, with how far above the target they are. */
  let a: Place | undefined;
  let b: Place | undefined;
  let next = into(outOf(into(search.start)));
  const widest = into(search.upper) - into(search.lower);
  while (seen.size < most) {
    const at = outOf(next);
    if (seen.has(at)) return best();
    const value = await f(at);
    seen.set(at, value);
    if (near(value)) return best();
    const place: Place = { x: into(at), above: scaled(value) - target, weight: scaled(value) - target };
    if (b && place.above * b.above < 0) a = b;
    else if (a && b && a.above * b.above < 0) a = { ...a, weight: a.weight / 2 };
    else if (b) a = b;
    b = place;
    if (a && a.above * b.above < 0) {
      next = a.x + ((b.x - a.x) * a.weight) / (a.weight - b.weight);
      if (seen.has(outOf(next))) next = (a.x + b.x) / 2;
    } else {
      const slope = a && a.above !== b.above ? (b.above - a.above) / (b.x - a.x) : search.slope;
      // A slope that has lost its way is taken for the one expected.
      const sane = slope * search.slope > 0 ? slope : search.slope;
      const step = (-1.2 * b.above) / sane;
      next = b.x + Math.sign(step) * Math.min(Math.abs(step), widest / 3);
    }
    if (!Number.isFinite(next)) return best();
  }
  return best();
}

interface Place {
  readonly x: number;
  readonly above: number;
  /** `above`, halved each time the place stays while the other end moves (Illinois). */
  readonly weight: number;
}
