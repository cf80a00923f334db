/**
 * Effort `fast` of tezip: values to lattice indices (all at once), indices predicted by fitted filters over decoded
 * neighbours in space and time, residuals coded by static tables in contexts of the residuals around.
 *
 * The first byte of section `side` says how the chunk is stored: as indices; as indices and places in their cells, which
 * is lossless; or (noise) as it is.
 */
import type { DecodeTask, Encoded, EncodeTask } from "../compressor/codec.ts";
import { ByteReader, ByteWriter } from "../container/cursor.ts";
import { inPhase } from "../phases.ts";
import { causalPlanes, reach, shiftFor } from "../predict/causal.ts";
import { fitKinds, QUICK, THOROUGH } from "../predict/causal-fit.ts";
import {
  type CellChoice,
  chooseCells,
  chooseLattice,
  isRefinable,
  type Lattice,
  type LatticeChoice,
} from "../quantize/lattice.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { lazyModule } from "../wasm/instance.ts";
import type { LatticeExports } from "../wasm/lattice.generated.ts";
import { decodeExact, encodeExact } from "./tezip-exact.ts";
import { decodeIndices } from "./tezip-fast-decode.ts";
import { type CodedPlanes, encodePlanes } from "./tezip-fast-encode.ts";
import { writeEscapes } from "./tezip-fast-escapes.ts";
import { FastMemory } from "./tezip-fast-memory.ts";
import { PlaneQuantizer, PlaneRefiner, type PlaneSource, sampledIndices } from "./tezip-fast-quantize.ts";
import { readFastSide, writeFastSide } from "./tezip-fast-side.ts";

export const fastKernels = lazyModule<LatticeExports>(() => import("../wasm/lattice.generated.ts"));

const STORED = { indices: 0, exactly: 1, refined: 2 } as const;

/** Throws nothing of its own: what a lattice cannot hold is stored without loss. `bound` is absolute, or 0. */
export function encodeFast(task: EncodeTask): Encoded {
  const { frames, bound, mask } = task;
  if (frames.data.length === 0) return exactly(task);
  const choice = inPhase("quantize", () => chooseLattice(frames, bound.value, mask));
  return (choice ? within(task, choice) : refined(task)) ?? exactly(task);
}

/** Indices within the bound; undefined when too many values are none. */
function within(task: EncodeTask, { lattice, range }: LatticeChoice): Encoded | undefined {
  const { frames, mask, effort } = task;
  return withMemory(frames, (memory) => {
    memory.setLattice(lattice, frames.dtype);
    const shift = shiftFor(range);
    const source = inPhase("quantize", () => sampledIndices(memory, frames));
    const fit = inPhase("predict", () => fitKinds(memory.module, source, shift, effort === "fast" ? QUICK : THOROUGH));
    const planes = new PlaneQuantizer(memory, frames, mask);
    const coded = encodePlanes(memory, planes, fit);
    return coded && asSections(frames, STORED.indices, lattice, coded, planes);
  });
}

/** A lattice with cells a little narrower than what cannot be predicted, and the place of each value in its cell. */
function refined(task: EncodeTask): Encoded | undefined {
  const { frames, mask, effort } = task;
  const cells = inPhase("quantize", () => chooseCells(frames, mask));
  if (!cells) return undefined;
  return withMemory(frames, (memory) => {
    const { lattice, range } = fittedCells(memory, frames, cells);
    const source = inPhase("quantize", () => sampledIndices(memory, frames));
    const fit = inPhase("predict", () =>
      fitKinds(memory.module, source, shiftFor(range), effort === "fast" ? QUICK : THOROUGH),
    );
    const planes = new PlaneRefiner(memory, frames, mask);
    const coded = encodePlanes(memory, planes, fit);
    if (!coded) return undefined;
    const encoded = asSections(frames, STORED.refined, lattice, coded, planes, planes.places());
    const bytes = encoded.sections.reduce((sum, section) => sum + section.bytes.length, 0);
    return bytes < NOISE * bytesOf(frames).length ? encoded : undefined;
  });
}

/** Cells as wide as a first fit says; the memory's lattice is then theirs. */
export function fittedCells(memory: FastMemory, frames: Tensor, cells: CellChoice): LatticeChoice {
  const { lattice, range } = cells.first;
  memory.setLattice(lattice, frames.dtype);
  const source = inPhase("quantize", () => sampledIndices(memory, frames));
  const fit = inPhase("predict", () => fitKinds(memory.module, source, shiftFor(range), QUICK));
  const choice = cells.next(lattice, fit.mean);
  memory.setLattice(choice.lattice, frames.dtype);
  return choice;
}

/** Above this share of the values' own size a chunk is noise, and better shuffled. */
const NOISE = 0.97;

export function withMemory(frames: Tensor, use: (memory: FastMemory) => Encoded | undefined): Encoded | undefined {
  const module = fastKernels.get();
  const mark = module.arena.mark();
  try {
    const planes = causalPlanes(frames.shape);
    const held = Math.min(planes.count, reach(planes.levels) + 1);
    return use(new FastMemory(module, planes, held, 3 * bytesOf(frames).length));
  } finally {
    module.arena.release(mark);
  }
}

/** Copies of everything: kernel memory is released. */
function asSections(
  frames: Tensor,
  stored: number,
  lattice: Lattice,
  coded: CodedPlanes,
  { decoded, escapes }: PlaneSource,
  places?: Uint8Array,
): Encoded {
  const side = new ByteWriter();
  side.u8(stored);
  writeFastSide(side, { ...coded.side, lattice });
  return {
    sections: [
      { name: "side", bytes: side.written() },
      { name: "codes", bytes: joined(coded.codes) },
      { name: "escapes", bytes: joined([...coded.residualEscapes, writeEscapes(frames, escapes)]) },
      ...(places ? [{ name: "data" as const, bytes: places.slice() }] : []),
    ],
    decoded,
  };
}

function exactly(task: EncodeTask): Encoded {
  const encoded = encodeExact(task);
  const sections = encoded.sections.map(({ name, bytes }) => ({
    name,
    bytes: name === "side" ? joined([Uint8Array.of(STORED.exactly), bytes]) : bytes,
  }));
  return { ...encoded, sections };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function decodeFast(task: DecodeTask): Tensor {
  const side = new ByteReader(task.section("side"), "section side");
  const stored = side.u8();
  if (stored === STORED.exactly) {
    const section = (name: string) => (name === "side" ? side.take(side.left) : task.section(name));
    return decodeExact({ ...task, section, has: (name) => task.has(name) });
  }
  if (stored !== STORED.indices && stored !== STORED.refined) {
    throw side.wrong(`${stored} is not a way of storing a chunk`);
  }
  const values = elementCount(task.shape);
  if (values === 0) throw side.wrong("an empty chunk has no indices");
  const planes = causalPlanes(task.shape);
  if (stored === STORED.refined && !isRefinable(task.dtype)) throw side.wrong(`no cells of ${task.dtype} are refined`);
  const places = stored === STORED.refined ? task.section("data") : undefined;
  const read = readFastSide(side, task.dtype, planes);
  side.end();
  const module = fastKernels.get();
  const mark = module.arena.mark();
  try {
    return decodeIndices(module, task, planes, read, side, places);
  } finally {
    module.arena.release(mark);
  }
}
