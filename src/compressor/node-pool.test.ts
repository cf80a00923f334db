import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildWorker } from "../../test/support/worker-file.ts";
import { isTempressError } from "../errors.ts";
import { type ByteSource, type TensorSource, tensorSource } from "../tensor/source.ts";
import { bytesOf, frames, type Tensor, tensor } from "../tensor/tensor.ts";
import { openArchive } from "./archive.ts";
import { compress } from "./compress.ts";
import { decompress } from "./decompress.ts";
import { setWorkerFile, threadCount } from "./node-threads.ts";

let worker: { readonly file: URL; remove(): void } | undefined;
beforeAll(async () => {
  worker = await buildWorker();
});
afterAll(() => worker?.remove());

function waves(): Tensor {
  const data = Float32Array.from({ length: 40 * 50 * 60 }, (_, i) => Math.sin(i / 50) * 100);
  return tensor("float32", [40, 50, 60], data);
}

describe("threads", () => {
  const codecs = ["noop", "zstd", "gzip", "zfp", "sz3", "tezip"];
  it.each(codecs)("give the same bytes and values as one: %s", async (codec) => {
    const plain = waves();
    const shared = { ...plain, data: new Float32Array(new SharedArrayBuffer(plain.data.byteLength)) };
    shared.data.set(plain.data as Float32Array);
    const options = { codec, abs: 1e-3, window: 3 } as const;
    const one = await compress(plain, options);
    const back = await decompress(one);
    for (const threads of [2, 3]) {
      for (const input of [plain, shared]) {
        expect(Buffer.compare(await compress(input, { ...options, threads }), one)).toBe(0);
      }
      const many = await decompress(one, { threads });
      expect(Buffer.compare(bytesOf(many), bytesOf(back))).toBe(0);
      const some = await decompress(one, { threads, frames: [5, 29] });
      expect(Buffer.compare(bytesOf(some), bytesOf(back).subarray(5 * 12000, 29 * 12000))).toBe(0);
    }
    expect(Buffer.compare(bytesOf(shared), bytesOf(plain))).toBe(0);
  });

  it("give the same where time is another axis and frames are split", async () => {
    const input = tensor(
      "float32",
      [6, 512, 1024],
      Float32Array.from({ length: 6 << 19 }, (_, i) => Math.sin(i / 50)),
    );
    for (const timeAxis of [0, 1]) {
      const options = { codec: "zfp", abs: 1e-2, window: 100, timeAxis } as const;
      const one = await compress(input, options);
      expect(Buffer.compare(await compress(input, { ...options, threads: 2 }), one)).toBe(0);
      const back = await decompress(one, { threads: 2 });
      expect(Buffer.compare(bytesOf(back), bytesOf(await decompress(one)))).toBe(0);
    }
  });

  it("hand on the error of a worker", async () => {
    const bytes = await compress(waves(), { codec: "zstd", abs: 1, window: 3 });
    const { chunks } = await openArchive(bytes);
    bytes[chunks[7]!.offset + chunks[7]!.byteLength - 1]! ^= 1;
    const error = await decompress(bytes, { threads: 2 }).catch((thrown: unknown) => thrown);
    expect(isTempressError(error, "corrupt") && error.describe()).toMatch(/frames 21:24.*salvage/);
  });

  it("end when the archive is closed", async () => {
    const archive = await openArchive(await compress(waves(), { codec: "zstd", abs: 1, window: 3 }), { threads: 2 });
    await archive.readFrames(0, 12);
    const pending = archive.readFrames(0, 40).catch((thrown: unknown) => thrown);
    await archive.close();
    const late = await archive.readFrames(0, 40).catch((thrown: unknown) => thrown);
    expect(isTempressError(late)).toBe(true);
    await pending;
  });

  it("stay for the next call, and are shared by calls side by side", async () => {
    const options = { codec: "zfp", abs: 1e-3, window: 3, threads: 2 } as const;
    await compress(waves(), options);
    const before = threadCount();
    for (let i = 0; i < 3; i++) await compress(waves(), options);
    expect(threadCount()).toBe(before);
    const files = await Promise.all(Array.from({ length: 5 }, () => compress(waves(), options)));
    expect(new Set(files.map((file) => Buffer.from(file).toString("base64"))).size).toBe(1);
  });

  it("end when they have been idle for long", async () => {
    // Those there are have a true timer already.
    setWorkerFile(worker!.file);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await compress(waves(), { codec: "zstd", abs: 1, window: 3, threads: 2 });
      expect(threadCount()).toBeGreaterThan(0);
      vi.runAllTimers();
      expect(threadCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("stop for a signal, at once", async () => {
    const input = waves();
    const options = { codec: "tezip", abs: 1e-3, effort: "max", window: 10, threads: 2 } as const;
    // Each time the signal fires when a chunk is with a worker and the next one is read.
    const stop = new AbortController();
    let reads = 0;
    const source: TensorSource = {
      ...tensorSource(input),
      read(t0, t1) {
        if (++reads === 2) queueMicrotask(() => stop.abort(new Error("enough")));
        return frames(input, t0, t1);
      },
    };
    await expect(compress(source, { ...options, signal: stop.signal })).rejects.toThrow("enough");
    await expect(compress(input, { ...options, signal: stop.signal })).rejects.toThrow("enough");

    const bytes = await compress(input, options);
    const again = new AbortController();
    const { chunks } = await openArchive(bytes);
    const file: ByteSource = {
      byteLength: bytes.length,
      read(start, end) {
        if (start === chunks[1]!.offset) queueMicrotask(() => again.abort(new Error("enough")));
        return bytes.subarray(start, end);
      },
    };
    await expect(decompress(file, { threads: 2, signal: again.signal })).rejects.toThrow("enough");
    expect((await decompress(bytes, { threads: 2 })).data.length).toBe(input.data.length);
  });

  it("are replaced when they crash, which is a typed error", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tempress-crash-"));
    const file = join(folder, "worker.mjs");
    const options = { codec: "zfp", abs: 1e-3, window: 3, threads: 2 } as const;
    try {
      const crashes = {
        "exit status 3": "process.exit(3)",
        "out of luck": 'throw new Error("out of luck")',
      };
      for (const [why, how] of Object.entries(crashes)) {
        const text = `import { parentPort } from "node:worker_threads"; parentPort.on("message", () => { ${how} });`;
        writeFileSync(file, text);
        setWorkerFile(pathToFileURL(file));
        const error = await compress(waves(), options).catch((thrown: unknown) => thrown);
        expect(isTempressError(error, "unsupported") && error.message).toContain(why);
        setWorkerFile(worker!.file);
        expect((await compress(waves(), options)).length).toBeGreaterThan(1000);
      }
    } finally {
      setWorkerFile(worker!.file);
      rmSync(folder, { recursive: true });
    }
  });
});
