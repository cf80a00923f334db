/**
 * Planes of the `sequential` method: for each place an index, its offset from the rounded prediction, and how far each
 * expert was off, all with margins that the walk may read.
 *
 * A plane is i32 indices[area], i32 offsets[area], f32 errors[area][8], with area = (height + 4) * pitch and
 * pitch = width + 8: two rows above and below, four places on either side. `at` is a place's number in the area.
 */
const SIDE: i32 = 4;
const ROWS: i32 = 2;
/** Of an expert in a first plane's first row: indices. */
const UNKNOWN_ERROR: f32 = 4;
export const ERRORS: usize = 32;

export let width: i32 = 0;
export let height: i32 = 0;
export let pitch: i32 = 0;
export let area: i32 = 0;

export function planesShape(w: i32, h: i32): void {
  width = w;
  height = h;
  pitch = w + 2 * SIDE;
  area = pitch * (h + 2 * ROWS);
}

// @ts-ignore: decorator
@inline
export function placeAt(y: i32, x: i32): i32 {
  return (y + ROWS) * pitch + x + SIDE;
}

// @ts-ignore: decorator
@inline
export function indexAt(plane: usize, at: i32): i32 {
  return load<i32>(plane + (<usize>at << 2));
}

// @ts-ignore: decorator
@inline
export function setIndex(plane: usize, at: i32, index: i32): void {
  store<i32>(plane + (<usize>at << 2), index);
}

// @ts-ignore: decorator
@inline
export function offsetAt(plane: usize, at: i32): i32 {
  return load<i32>(plane + (<usize>(area + at) << 2));
}

// @ts-ignore: decorator
@inline
export function setOffset(plane: usize, at: i32, offset: i32): void {
  store<i32>(plane + (<usize>(area + at) << 2), offset);
}

/** Address of the eight errors of a place. */
// @ts-ignore: decorator
@inline
export function errorsAt(plane: usize, at: i32): usize {
  return plane + (<usize>area << 3) + <usize>at * ERRORS;
}

function copyPlaces(to: usize, at: i32, from: usize, source: i32, count: i32): void {
  memory.copy(to + (<usize>at << 2), from + (<usize>source << 2), <usize>count << 2);
  memory.copy(to + (<usize>(area + at) << 2), from + (<usize>(area + source) << 2), <usize>count << 2);
  memory.copy(errorsAt(to, at), errorsAt(from, source), <usize>count * ERRORS);
}

/** The rows above: the first row of the past plane, or zeros. */
export function startPlane(plane: usize, past: usize): void {
  for (let y = -ROWS; y < 0; y++) {
    const at = placeAt(y, -SIDE);
    if (past != 0) {
      copyPlaces(plane, at, past, placeAt(0, -SIDE), pitch);
      continue;
    }
    memory.fill(plane + (<usize>at << 2), 0, <usize>pitch << 2);
    memory.fill(plane + (<usize>(area + at) << 2), 0, <usize>pitch << 2);
    const errors = errorsAt(plane, at);
    for (let i = 0; i < 8 * pitch; i++) store<f32>(errors + <usize>(i << 2), UNKNOWN_ERROR);
  }
}

/** Left of a row: what is above its first place. */
export function startLine(plane: usize, y: i32): void {
  for (let x = -SIDE; x < 0; x++) copyPlaces(plane, placeAt(y, x), plane, placeAt(y - 1, 0), 1);
}

/** Right of a row: its last place again. */
export function endLine(plane: usize, y: i32): void {
  for (let x = width; x < width + SIDE; x++) copyPlaces(plane, placeAt(y, x), plane, placeAt(y, width - 1), 1);
}

/** The rows below: the last one again. */
export function endPlane(plane: usize): void {
  for (let y = height; y < height + ROWS; y++) copyPlaces(plane, placeAt(y, -SIDE), plane, placeAt(height - 1, -SIDE), pitch);
}
