/**
 * The order in which a chunk's planes are coded, and which decoded planes each is predicted from.
 * A plane is the last two axes; the axes before them are time and, for 4-D data and more, levels.
 */
import type { Shape } from "../tensor/shape.ts";

export interface Planes {
  /** Planes along time, and levels at each time (1 for 3-D data). */
  readonly times: number;
  readonly levels: number;
  readonly height: number;
  readonly width: number;
}

/** Rank 1: one row; rank 2: a row a frame; rank 3 and more: the last two axes. */
export function planesOf(shape: Shape): Planes {
  const [width = 1, height = 1] = [...shape].reverse();
  if (shape.length === 1) return { times: 1, levels: 1, height: 1, width };
  if (shape.length === 2) return { times: height, levels: 1, height: 1, width };
  const levels = shape.slice(1, -2).reduce((product, extent) => product * extent, 1);
  return { times: shape[0]!, levels, height, width };
}

export const ORDERS = ["forward", "hierarchical"] as const;
export type Order = (typeof ORDERS)[number];

/** Planes that share filters: how many references they have and how many of those give all nine places. */
export interface PlaneClass {
  readonly references: number;
  readonly boxes: number;
}

export interface PlannedPlane {
  readonly plane: number;
  readonly references: readonly number[];
  readonly klass: number;
}

export interface Plan {
  readonly planes: readonly PlannedPlane[];
  readonly classes: readonly PlaneClass[];
}

/** Frames from one anchor to the next in hierarchical order. */
const GROUP = 8;

export function planOf({ times, levels }: Planes, order: Order): Plan {
  const names = new Map<string, number>();
  const classes: PlaneClass[] = [];
  const planes: PlannedPlane[] = [];
  const put = (name: string, boxes: number, plane: number, references: readonly number[]) => {
    let klass = names.get(name);
    if (klass === undefined) {
      klass = classes.length;
      names.set(name, klass);
      classes.push({ references: references.length, boxes });
    }
    planes.push({ plane, references, klass });
  };
  if (levels > 1) {
    for (let t = 0; t < times; t++) for (let z = 0; z < levels; z++) putLevel(put, t, z, levels);
  } else if (order === "forward") {
    for (let t = 0; t < times; t++) putForward(put, t, 1);
  } else {
    for (let t = 0; t < times; t += GROUP) putForward(put, t, GROUP);
    for (let d = GROUP / 2; d >= 1; d /= 2) {
      for (let t = d; t < times; t += 2 * d) {
        if (t + d < times) put(`between ${d}`, 2, t, [t - d, t + d]);
        else if (t >= 2 * d) put(`after ${d}`, 1, t, [t - d, t - 2 * d]);
        else put(`next ${d}`, 1, t, [t - d]);
      }
    }
  }
  return { planes, classes };
}

type Put = (name: string, boxes: number, plane: number, references: readonly number[]) => void;

function putForward(put: Put, t: number, d: number): void {
  if (t >= 2 * d) put("third", 1, t, [t - d, t - 2 * d]);
  else if (t >= d) put("second", 1, t, [t - d]);
  else put("first", 0, t, []);
}

/** 4-D: the same level at the time before, and the levels below at both times. */
function putLevel(put: Put, t: number, z: number, levels: number): void {
  const plane = t * levels + z;
  if (t === 0) putForward((name, boxes, at, from) => put(`bottom ${name}`, boxes, at, from), z, 1);
  else if (z === 0) put("ground", 1, plane, [plane - levels]);
  else if (z === 1) put("above ground", 1, plane, [plane - levels, plane - 1, plane - levels - 1]);
  else put("above", 1, plane, [plane - levels, plane - 1, plane - levels - 1, plane - 2]);
}
