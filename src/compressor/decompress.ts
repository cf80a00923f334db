import { TempressError } from "../errors.ts";
import type { ByteSource } from "../tensor/source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type OpenOptions, openArchive } from "./archive.ts";

export interface DecompressOptions extends OpenOptions {
  /** Frames [t0, t1) along the time axis; only their chunks are read. Default all. */
  readonly frames?: readonly [number, number] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The values of a `.tpz` file, all or some frames. Needs no other option.
 * @throws TempressError "corrupt", "truncated", "unsupported", "io", "invalid-argument" (frames out of range)
 */
export async function decompress(from: Uint8Array | ByteSource, options: DecompressOptions = {}): Promise<Tensor> {
  const { frames, signal, ...open } = options;
  const archive = await openArchive(from, open);
  try {
    const [t0, t1] = frames ?? [0, archive.shape[archive.header.timeAxis]!];
    return await archive.readFrames(t0, t1, { signal });
  } catch (error) {
    // Damage that passed every check must still not surface as a bare RangeError.
    if (error instanceof RangeError) {
      throw new TempressError("unsupported", `the file asks for more than this machine gives: ${error.message}`, {
        where: "decompress",
        cause: error,
      });
    }
    throw error;
  } finally {
    await archive.close();
  }
}
