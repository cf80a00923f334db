/**
 * Effort `fast` of tezip: values to lattice indices (all at once), indices predicted by fitted filters over decoded
 * neighbours in space and time, residuals coded by static tables in contexts of the residuals around.
 *
 * The first byte of section `side` says how the chunk is stored: as indices, or (where no lattice is coarser than the
 * values) exactly.
 */
import type { DecodeTask, Encoded, EncodeTask } from "../compressor/codec.ts";
import { ByteReader, ByteWriter } from "../container/cursor.ts";
import { causalPlanes, reach, shiftFor } from "../predict/causal.ts";
import { fitKinds, QUICK, THOROUGH } from "../predict/causal-fit.ts";
import { chooseLattice } from "../quantize/lattice.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { lazyModule } from "../wasm/instance.ts";
import type { LatticeExports } from "../wasm/lattice.generated.ts";
import { decodeExact, encodeExact } from "./tezip-exact.ts";
import { decodeIndices } from "./tezip-fast-decode.ts";
import { encodePlanes } from "./tezip-fast-encode.ts";
import { writeEscapes } from "./tezip-fast-escapes.ts";
import { FastMemory } from "./tezip-fast-memory.ts";
import { sampledIndices } from "./tezip-fast-quantize.ts";
import { readFastSide, writeFastSide } from "./tezip-fast-side.ts";

export const fastKernels = lazyModule<LatticeExports>(() => import("../wasm/lattice.generated.ts"));

const STORED = { indices: 0, exactly: 1 } as const;

/** Throws nothing of its own: what a lattice cannot hold is stored exactly. `bound` is absolute. */
export function encodeFast(task: EncodeTask): Encoded {
  const { frames, bound, mask, effort } = task;
  const choice = frames.data.length > 0 ? chooseLattice(frames, bound.value, mask) : undefined;
  if (!choice) return exactly(task);
  const module = fastKernels.get();
  const mark = module.arena.mark();
  try {
    const planes = causalPlanes(frames.shape);
    const held = Math.min(planes.count, reach(planes.levels) + 1);
    const memory = new FastMemory(module, planes, held, 3 * bytesOf(frames).length);
    memory.setLattice(choice.lattice, frames.dtype);
    const shift = shiftFor(choice.range);
    const { filters, mean } = fitKinds(
      module,
      sampledIndices(memory, frames),
      shift,
      effort === "fast" ? QUICK : THOROUGH,
    );
    const coded = encodePlanes(memory, frames, mask, filters, shift, mean);
    if (!coded) return exactly(task);
    const sideBytes = new ByteWriter();
    sideBytes.u8(STORED.indices);
    writeFastSide(sideBytes, { ...coded.side, lattice: choice.lattice });
    return {
      sections: [
        { name: "side", bytes: sideBytes.written() },
        { name: "codes", bytes: joined(coded.codes) },
        { name: "escapes", bytes: joined([...coded.residualEscapes, writeEscapes(frames, coded.escapes)]) },
      ],
      decoded: coded.decoded,
    };
  } finally {
    module.arena.release(mark);
  }
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
  if (stored !== STORED.indices) throw side.wrong(`${stored} is not a way of storing a chunk`);
  const values = elementCount(task.shape);
  if (values === 0) throw side.wrong("an empty chunk has no indices");
  const planes = causalPlanes(task.shape);
  const read = readFastSide(side, task.dtype, planes);
  side.end();
  const module = fastKernels.get();
  const mark = module.arena.mark();
  try {
    return decodeIndices(module, task, planes, read, side);
  } finally {
    module.arena.release(mark);
  }
}
