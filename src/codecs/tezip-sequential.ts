/**
 * tezip's `sequential` method, of effort `max`: values to lattice indices as effort `fast` does it, then index after
 * index told by experts that learn as they go. Slow both ways, and the smallest where values are many and busy.
 *
 * Side information: how the chunk is stored (as indices; or as indices and places in their cells, which is lossless), its lattice, the
 * smallest index and how far above it the largest is.
 */
import type { DecodeTask, Encoded, EncodeTask } from "../compressor/codec.ts";
import { ByteReader, ByteWriter } from "../container/cursor.ts";
import { inPhase } from "../phases.ts";
import { causalPlanes } from "../predict/causal.ts";
import { chooseCells, chooseLattice, isRefinable } from "../quantize/lattice.ts";
import { DTYPES } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, emptyTensor, type Tensor } from "../tensor/tensor.ts";
import { fastKernels, fittedCells, withMemory } from "./tezip-fast.ts";
import { PlaneRestorer } from "./tezip-fast-decode.ts";
import { readEscapes, writeEscapes } from "./tezip-fast-escapes.ts";
import { FastMemory } from "./tezip-fast-memory.ts";
import { PlaneQuantizer, PlaneRefiner, type PlaneSource } from "./tezip-fast-quantize.ts";
import { readLattice, writeLattice } from "./tezip-fast-side.ts";
import { decodeSequence, encodeSequence, needSequential, type Span } from "./tezip-sequential-coder.ts";

const STORED = { indices: 0, refined: 1 } as const;
/** Indices of lattices are below this on either side (kernels/quantize/lattice.ts). */
const MOST_INDEX = 2 ** 28;

/** Undefined where values have no lattice, or the result would take more than `most` bytes. */
export function encodeSequential({ frames, bound, mask }: EncodeTask, most: number): Encoded | undefined {
  needSequential();
  if (frames.data.length === 0) return undefined;
  return withMemory(frames, (memory) => {
    const choice = chooseLattice(frames, bound.value, mask);
    const cells = choice ? undefined : chooseCells(frames, mask);
    const found = choice ?? (cells && fittedCells(memory, frames, cells));
    if (!found) return undefined;
    const { lattice } = found;
    memory.setLattice(lattice, frames.dtype);
    const source = cells ? new PlaneRefiner(memory, frames, mask) : new PlaneQuantizer(memory, frames, mask);
    const indices = inPhase("quantize", () => indicesOf(memory, source));
    if (!indices) return undefined;
    const places = source instanceof PlaneRefiner ? source.places().slice() : undefined;
    const escapes = writeEscapes(frames, source.escapes);
    const span = spanOf(indices, mask);
    const room = Math.min(most, bytesOf(frames).length) - escapes.length - (places?.length ?? 0);
    const code = () => encodeSequence(memory.planes, indices, mask, span, room);
    const codes = room > 0 ? inPhase("predict_quantize_code", code) : undefined;
    if (!codes) return undefined;
    const side = new ByteWriter();
    side.u8(cells ? STORED.refined : STORED.indices);
    writeLattice(side, lattice);
    side.varint(span.least + MOST_INDEX);
    side.varint(span.most - span.least);
    return {
      sections: [
        { name: "side", bytes: side.written() },
        { name: "codes", bytes: codes },
        { name: "escapes", bytes: escapes },
        ...(places ? [{ name: "data" as const, bytes: places }] : []),
      ],
      decoded: source.decoded,
    };
  });
}

/** All indices, packed; undefined when there are too many escapes. */
function indicesOf(memory: FastMemory, source: PlaneSource): Int32Array | undefined {
  const { width, height, count } = memory.planes;
  const indices = new Int32Array(width * height * count);
  for (let plane = 0; plane < count; plane++) {
    if (!source.next(plane)) return undefined;
    for (let y = 0; y < height; y++) {
      const row = memory.words(memory.at(plane) + 4 * y * memory.stride, width);
      indices.set(row, (plane * height + y) * width);
    }
  }
  return indices;
}

function spanOf(indices: Int32Array, mask: Uint8Array | undefined): Span {
  let [least, most] = [MOST_INDEX, -MOST_INDEX];
  for (let i = 0; i < indices.length; i++) {
    if (mask?.[i]) continue;
    const index = indices[i]!;
    if (index < least) least = index;
    if (index > most) most = index;
  }
  return least <= most ? { least, most } : { least: 0, most: 0 };
}

export function decodeSequential(task: DecodeTask): Tensor {
  const { dtype, shape, mask } = task;
  needSequential();
  const side = new ByteReader(task.section("side"), "section side");
  const stored = side.u8();
  if (stored > STORED.refined) throw side.wrong(`${stored} is not a way of storing a chunk`);
  if (stored === STORED.refined && !isRefinable(dtype)) throw side.wrong(`no cells of ${dtype} are refined`);
  if (elementCount(shape) === 0) throw side.wrong("an empty chunk has no indices");
  const lattice = readLattice(side, dtype);
  const least = side.varint() - MOST_INDEX;
  const most = least + side.varint();
  if (!(least > -MOST_INDEX && most < MOST_INDEX)) throw side.wrong(`indices from ${least} to ${most} are too large`);
  side.end();
  const module = fastKernels.get();
  const mark = module.arena.mark();
  try {
    const planes = causalPlanes(shape);
    const { width, height } = planes;
    const memory = new FastMemory(module, planes, 1, 0);
    memory.setLattice(lattice, dtype);
    const planeBytes = width * height * DTYPES[dtype].bytes;
    const rounded = module.arena.alloc(planeBytes + 16);
    const restorer = stored === STORED.refined && new PlaneRestorer(memory, task, task.section("data"));
    const out = task.into ? { dtype, shape, data: task.into } : emptyTensor(dtype, shape);
    const into = bytesOf(out as Tensor);
    decodeSequence(planes, task.section("codes"), mask, { least, most }, (plane, indices) => {
      const words = memory.words(memory.at(plane), memory.stride * height);
      for (let y = 0; y < height; y++) words.set(indices.subarray(y * width, (y + 1) * width), y * memory.stride);
      if (restorer) restorer.next(plane, rounded);
      else {
        const { id } = DTYPES[dtype];
        module.exports.valuesPlane(id, memory.at(plane), rounded, width, height, memory.stride, memory.lattice);
      }
      into.set(memory.bytes(rounded, planeBytes), plane * planeBytes);
    });
    if (restorer) restorer.end();
    readEscapes(task.section("escapes"), out as Tensor);
    return out as Tensor;
  } finally {
    module.arena.release(mark);
  }
}
