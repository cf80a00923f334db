/**
 * Decaying two-dimensional turbulence: vorticity of an incompressible flow in a periodic square, pseudo-spectral, with
 * implicit viscosity and Adams-Bashforth steps of third order. Densely sampled: things move up to two pixels from frame to frame.
 */
import { random } from "../../../src/neural/random.ts";
import { Fourier } from "./fourier.ts";

export interface FlowOptions {
  readonly frames?: number;
  /** A power of two. */
  readonly size?: number;
  readonly seed?: number;
  /** Steps between frames. */
  readonly steps?: number;
  /** Steps before the first frame. */
  readonly before?: number;
  /** Per square of pixel and step. */
  readonly viscosity?: number;
  /** Pixels that the fastest place moves in a step, at the start. */
  readonly speed?: number;
}

/** [frames, size, size], C order. */
export function navierStokes(options: FlowOptions = {}): Float32Array {
  const { frames = 100, size = 256, seed = 1, steps = 12, before = 200, viscosity = 4e-3, speed = 0.15 } = options;
  const fourier = new Fourier(size);
  const count = size * size;
  const waves = Float64Array.from({ length: size }, (_, k) => (TURN * (k <= size / 2 ? k : k - size)) / size);
  const planes = () => [new Float64Array(count), new Float64Array(count)] as const;
  const [wre, wim] = planes();
  const [ure, uim] = planes();
  const [gre, gim] = planes();
  const [nre, nim] = planes();
  const [ore, oim] = planes();
  const [pre, pim] = planes();
  startingVorticity(wre, size, seed);
  fourier.transform(wre, wim, false);

  const cut = (TURN / 2) * (2 / 3);
  const decay = new Float64Array(count);
  const squares = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const [ky, kx] = [waves[Math.floor(i / size)]!, waves[i % size]!];
    squares[i] = kx * kx + ky * ky;
    decay[i] = 1 / (1 + viscosity * squares[i]!); // implicit: no exponential is needed
    if (Math.abs(kx) > cut || Math.abs(ky) > cut) decay[i] = 0;
  }

  /** Minus the advection of vorticity, transformed, into n; returns the largest speed. */
  const advection = (): number => {
    for (let i = 0; i < count; i++) {
      const [ky, kx] = [waves[Math.floor(i / size)]!, waves[i % size]!];
      const [a, b] = [wre[i]!, wim[i]!];
      const by = squares[i] === 0 ? 0 : 1 / squares[i]!;
      // Two real fields in one transform: right + i down.  u = i ky w / k^2, v = -i kx w / k^2.
      ure[i] = -ky * b * by + kx * a * by;
      uim[i] = ky * a * by + kx * b * by;
      gre[i] = -kx * b - ky * a;
      gim[i] = kx * a - ky * b;
    }
    fourier.transform(ure, uim, true);
    fourier.transform(gre, gim, true);
    let fastest = 0;
    for (let i = 0; i < count; i++) {
      fastest = Math.max(fastest, Math.abs(ure[i]!), Math.abs(uim[i]!));
      nre[i] = -(ure[i]! * gre[i]! + uim[i]! * gim[i]!);
      nim[i] = 0;
    }
    fourier.transform(nre, nim, false);
    return fastest;
  };

  const sequence = new Float32Array(frames * count);
  let pace = 0;
  for (let now = -before, done = 0; done < frames; now++) {
    if (now >= 0 && now % steps === 0) {
      ure.set(wre);
      uim.set(wim);
      fourier.transform(ure, uim, true);
      sequence.set(ure, done++ * count);
    }
    const fastest = advection();
    if (pace === 0) {
      pace = speed / fastest;
      for (const [past, now] of [
        [ore, nre],
        [oim, nim],
        [pre, nre],
        [pim, nim],
      ] as const)
        past.set(now);
    }
    for (let i = 0; i < count; i++) {
      const re = (23 * nre[i]! - 16 * ore[i]! + 5 * pre[i]!) / 12;
      const im = (23 * nim[i]! - 16 * oim[i]! + 5 * pim[i]!) / 12;
      wre[i] = (wre[i]! + pace * re) * decay[i]!;
      wim[i] = (wim[i]! + pace * im) * decay[i]!;
    }
    pre.set(ore);
    pim.set(oim);
    ore.set(nre);
    oim.set(nim);
  }
  return sequence;
}

/** 2 pi, as a number and not as a function of the machine. */
const TURN = 6.283185307179586;

/** Noise, made smooth by differences of box averages: scales of about an eighth to a sixteenth of the square. */
function startingVorticity(into: Float64Array, size: number, seed: number): void {
  const dice = random(seed);
  for (let i = 0; i < into.length; i++) into[i] = dice.next() - 0.5;
  const fine = smooth(into, size, Math.max(1, Math.round(size / 64)));
  const coarse = smooth(fine, size, Math.max(2, Math.round(size / 24)));
  let largest = 0;
  for (let i = 0; i < into.length; i++) {
    into[i] = fine[i]! - coarse[i]!;
    largest = Math.max(largest, Math.abs(into[i]!));
  }
  for (let i = 0; i < into.length; i++) into[i]! /= largest;
}

/** Three box averages of 2 * reach + 1 along both axes, periodic. */
function smooth(values: Float64Array, size: number, reach: number): Float64Array {
  let from = values.slice();
  for (let pass = 0; pass < 6; pass++) {
    const [stride, across] = pass % 2 === 0 ? [1, size] : [size, 1];
    const into = new Float64Array(from.length);
    for (let line = 0; line < size; line++) {
      const at = (k: number) => line * across + ((k + size) % size) * stride;
      let sum = 0;
      for (let k = -reach; k <= reach; k++) sum += from[at(k)]!;
      for (let k = 0; k < size; k++) {
        into[at(k)] = sum / (2 * reach + 1);
        sum += from[at(k + reach + 1)]! - from[at(k - reach)]!;
      }
    }
    from = into;
  }
  return from;
}
