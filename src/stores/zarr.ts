/**
 * `tempress/zarr`: our streams as codecs of zarrita, array in, bytes out. After `registerZarrCodecs()` zarrita reads and
 * writes arrays whose metadata name them:
 *
 *     "codecs": [{ "name": "tempress.tezip", "configuration": { "abs": 0.01 } }]
 *
 * and arrays of version 2 that numcodecs packed with `zfpy`. Runs in pages too.
 */
import { registry as zarritaRegistry } from "zarrita";
import { registerCodecs, type ZarrRegistry } from "./zarr-codecs.ts";

export { type ChunkCodec, chunkCodecNames } from "./chunk-stream.ts";
export type { ZarrRegistry } from "./zarr-codecs.ts";

/**
 * Makes zarrita know our codecs: `tempress.<codec>` for each codec of `tempress list`, `zfpy` (version 2 and 3) and
 * `sz3`.
 * @param registry zarrita's, where a program has another copy of it
 */
export function registerZarrCodecs(registry: ZarrRegistry = zarritaRegistry as unknown as ZarrRegistry): void {
  registerCodecs(registry);
}
