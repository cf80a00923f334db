/** TEZIP's training data: colours last, several recordings in one file, named by the file beside it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openRecordings } from "../../src/cli/train-data.ts";
import { h5wasm } from "../../src/io/node-hdf5-file.ts";

const [FRAMES, HEIGHT, WIDTH] = [9, 8, 16];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tempress-hickle-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function write(name: string, labels: readonly string[]): Promise<string> {
  const { File } = await h5wasm();
  const path = join(folder, `X_${name}.hkl`);
  const frames = new File(path, "w");
  const data = Uint8Array.from({ length: FRAMES * HEIGHT * WIDTH * 3 }, (_, i) => (i * 7) % 251);
  frames.create_dataset({ name: "data", data, shape: [FRAMES, HEIGHT, WIDTH, 3], dtype: "<B" });
  frames.close();
  const sources = new File(join(folder, `sources_${name}.hkl`), "w");
  sources.create_dataset({ name: "data", data: [...labels], shape: [labels.length], dtype: "S7" });
  sources.close();
  return path;
}

const options = { bounds: [{ abs: 1 }], effort: "fast", together: undefined, flags: {} } as const;

it("recordings end where their name changes, and colours are channels", async () => {
  const path = await write("train", [...Array(4).fill("train-a"), ...Array(5).fill("train-b")]);
  const recordings = await openRecordings([path], options, () => {});
  expect(recordings.map(({ frames, channels, height, width }) => [frames, channels, height, width])).toEqual([
    [4, 3, HEIGHT, WIDTH],
    [5, 3, HEIGHT, WIDTH],
  ]);
  // The second recording's first value of the second colour.
  expect(recordings[1]!.original[HEIGHT * WIDTH]).toBe(((4 * HEIGHT * WIDTH * 3 + 1) * 7) % 251);
});

it("a list that does not fit is refused", async () => {
  const path = await write("val", ["val-a", "val-b"]);
  await expect(openRecordings([path], options, () => {})).rejects.toThrow(/not a list of 9 texts/);
});
