/** What a page loads to read zfp streams stays small. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";

const LIMIT = 30_000;

it("reading zfp in a page takes less than 30 KB", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: 'export { openZfp, zfpyDecode } from "./src/codecs/zfp-index.ts";',
      resolveDir: join(import.meta.dirname, ".."),
    },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
  console.info(`zfp for pages: ${outputFiles[0]!.contents.length} bytes, ${size} compressed`);
  expect(size).toBeLessThan(LIMIT);
});
