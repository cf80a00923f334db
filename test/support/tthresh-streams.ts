import { readFileSync } from "node:fs";
import type { TthreshType } from "../../src/codecs/tthresh-decode.ts";

const folder = new URL("../interop/tthresh/", import.meta.url);

export interface KeptStream {
  readonly stream: string;
  readonly dtype: TthreshType;
  readonly shape: readonly number[];
  /** Of native's values, where they are the same on every machine. */
  readonly decodedCrc32c?: number;
  /** Native's values, where its sums depend on the machine. */
  readonly decoded?: string;
}

/** Streams of native tthresh that are kept in the project. */
export function readFolder(): (KeptStream & { readonly bytes: Uint8Array })[] {
  const kept = JSON.parse(readFileSync(new URL("manifest.json", folder), "utf8")) as KeptStream[];
  return kept.map((one) => ({ ...one, bytes: readKept(one.stream) }));
}

export function readKept(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, folder)));
}
