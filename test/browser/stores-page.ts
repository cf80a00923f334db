/** What the page does for `stores.test.ts`: HDF5 and Zarr with our streams in their chunks, with nothing of Node. */
import * as h5wasm from "h5wasm";
import * as zarr from "zarrita";
import type * as Hdf5 from "../../src/stores/hdf5.ts";
import type * as Zarr from "../../src/stores/zarr.ts";

/** Paths that esbuild leaves alone: the page loads the bundle of the library itself. */
const [hdf5Bundle, zarrBundle] = ["/bundle/hdf5.js", "/bundle/zarr.js"];
const { hdf5Chunks } = (await import(hdf5Bundle!)) as typeof Hdf5;
const { registerZarrCodecs } = (await import(zarrBundle!)) as typeof Zarr;

async function sha256(bytes: ArrayBufferView): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as BufferSource);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const actions = {
  /** Hash of the first chunk of a file on the server. */
  async readHdf5(path: string, name: string) {
    const { FS } = await h5wasm.ready;
    FS.writeFile("/page.h5", new Uint8Array(await (await fetch(path)).arrayBuffer()));
    const streams = await hdf5Chunks(h5wasm);
    const file = new h5wasm.File("/page.h5", "r");
    const dataset = file.get(name) as h5wasm.Dataset;
    const { data, shape } = await streams.read(dataset, "float32", [0, 0, 0]);
    const { filters } = dataset;
    file.close();
    return { values: await sha256(data), shape: [...shape], filters: filters.map(({ id }) => id) };
  },

  /** The bytes of a file that the page writes, in base 64. */
  async writeHdf5(path: string, shape: number[], codec: Hdf5.ChunkCodec) {
    const data = new Float32Array(await (await fetch(path)).arrayBuffer());
    const { FS } = await h5wasm.ready;
    const streams = await hdf5Chunks(h5wasm);
    const file = new h5wasm.File("/written.h5", "w");
    const dataset = streams.create(file, { name: "v", dtype: "float32", shape, chunks: shape });
    await streams.write(dataset, "float32", [0, 0, 0], { dtype: "float32", shape, data }, codec);
    file.close();
    const letters = Array.from(FS.readFile("/written.h5") as Uint8Array, (byte) => String.fromCharCode(byte));
    return btoa(letters.join(""));
  },

  async readZarr(url: string) {
    registerZarrCodecs(zarr.registry as unknown as Zarr.ZarrRegistry);
    const array = await zarr.open(new zarr.FetchStore(url), { kind: "array" });
    const { data, shape } = await zarr.get(array);
    return { values: await sha256(data as unknown as Float32Array), shape };
  },
};

export type Actions = typeof actions;

Object.assign(globalThis, { stores: actions });
