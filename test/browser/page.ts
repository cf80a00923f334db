/** What the page does for `browser.test.ts`: the built library over HTTP, with nothing of Node. */
import type * as Library from "../../src/index.ts";

/** A path that esbuild leaves alone: the page loads the bundle itself. */
const bundle = "/bundle/index.js";
const { addModel, codecs, compress, decompress, openArchive, tensor, formats } = (await import(
  bundle
)) as typeof Library;

async function sha256(bytes: ArrayBufferView | ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as BufferSource);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Any field of float32 that the test serves; as uint8 the first bytes of it. */
async function field(path: string, shape: readonly number[], dtype = "float32"): Promise<Library.Tensor> {
  const bytes = await (await fetch(path)).arrayBuffer();
  if (dtype === "float32") return tensor("float32", shape, new Float32Array(bytes));
  return tensor(
    "uint8",
    shape,
    new Uint8Array(
      bytes,
      0,
      shape.reduce((a, b) => a * b),
    ),
  );
}

const actions = {
  codecs: () => codecs.names(),

  addModel: async (path: string) => addModel(new Uint8Array(await (await fetch(path)).arrayBuffer())),

  /** Hashes of the file and of the values that come back. */
  async roundTrip(path: string, shape: readonly number[], options: Library.CompressOptions, dtype?: string) {
    const bytes = await compress(await field(path, shape, dtype), options);
    const back = await decompress(bytes);
    return { file: await sha256(bytes), values: await sha256(back.data), shape: [...back.shape], dtype: back.dtype };
  },

  /** Frames of a file on the server, of which only the bytes asked for cross. */
  async readFrames(path: string, t0: number, t1: number) {
    const size = Number((await fetch(path, { method: "HEAD" })).headers.get("content-length"));
    let read = 0;
    const archive = await openArchive({
      byteLength: size,
      name: path,
      async read(start, end) {
        const answer = await fetch(path, { headers: { range: `bytes=${start}-${end - 1}` } });
        if (answer.status !== 206) throw new Error(`status ${answer.status} for bytes ${start} to ${end} of ${path}`);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        read += bytes.length;
        return bytes;
      },
    });
    const { data, shape } = await archive.readFrames(t0, t1);
    await archive.close();
    return { values: await sha256(data), shape: [...shape], size, read };
  },

  /** What a page that asks for files is told. */
  async openFiles() {
    return await formats.get("raw").then(
      () => "a page has no files",
      (error: Error) => `${error.name}: ${error.message}`,
    );
  },
};

export type Actions = typeof actions;

Object.assign(globalThis, { tempress: actions });
