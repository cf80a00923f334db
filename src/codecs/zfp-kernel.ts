/** The block coder in WebAssembly, and arrays on their way through its memory slab by slab. */
import { BLOCK_ORDERS } from "../transform/block-order.ts";
import { type KernelModule, lazyModule } from "../wasm/instance.ts";
import type { ZfpExports } from "../wasm/zfp.generated.ts";

export type ZfpKernel = KernelModule<ZfpExports>;

const lazy = lazyModule<ZfpExports>(() => import("../wasm/zfp.generated.ts"));
/** Four rooms for one block, and the order tables behind them. */
const ROOM = 8192;
let prepared: ZfpKernel | undefined;

export async function prepareZfp(): Promise<void> {
  await lazy.ready();
}

export function zfpKernel(): ZfpKernel {
  if (prepared) return prepared;
  const kernel = lazy.get();
  const room = kernel.arena.alloc(ROOM + 680);
  new Uint8Array(kernel.memory.buffer, room, ROOM).fill(0);
  let at = room + ROOM;
  for (const order of BLOCK_ORDERS) {
    new Uint16Array(kernel.memory.buffer, at, order.length).set(order);
    at += order.byteLength;
  }
  kernel.exports.setRoom(room);
  prepared = kernel;
  return kernel;
}
