/** A server on loopback for the page: files in memory, whole or by byte range. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const TYPES: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript" };

export async function serve(
  files: ReadonlyMap<string, Uint8Array>,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer(({ url, headers, method }, answer) => {
    const bytes = files.get(url!);
    if (!bytes) {
      answer.writeHead(404).end();
      return;
    }
    const type = { "content-type": TYPES[url!.split(".").at(-1)!] ?? "application/octet-stream" };
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "");
    const [start, end] = range ? [Number(range[1]), Number(range[2]) + 1] : [0, bytes.length];
    if (start >= end || end > bytes.length) {
      answer.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
      return;
    }
    const where = range ? { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` } : {};
    answer.writeHead(range ? 206 : 200, { ...type, ...where, "content-length": end - start });
    answer.end(method === "HEAD" ? undefined : bytes.subarray(start, end));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
