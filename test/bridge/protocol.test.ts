/** Frames and fields there and back, and docs/PROTOCOL.md beside their declarations. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as protocol from "../../src/bridge/protocol.ts";
import { decodeFields } from "../../src/bridge/protocol-fields.ts";
import { encodeFrame, encodeHello, FrameReader, readHello } from "../../src/bridge/protocol-frames.ts";
import { ERROR_NUMBERS } from "../../src/errors.ts";

const text = fc.string({ maxLength: 40, unit: "grapheme" }).filter((value) => !value.includes("\0"));
const size = fc.nat(Number.MAX_SAFE_INTEGER);
const u32 = fc.nat(0xffffffff);
const payload = fc.oneof(
  fc.record({ bytes: fc.uint8Array({ maxLength: 100 }) }),
  fc.record({ segment: fc.integer({ min: 1, max: 1000 }), flags: fc.nat(3), offset: size, length: size }),
);
const info = fc.record({
  about: fc.constantFrom(...(Object.keys(protocol.INFO_ABOUT) as protocol.InfoAbout[])),
  type: fc.constantFrom(...(Object.keys(protocol.INFO_TYPES) as protocol.InfoType[])),
  key: text,
  values: fc.option(fc.array(text, { maxLength: 5 }), { nil: undefined }),
});

/** For comparing: bytes as a list, whatever class they are of. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

describe("frames", () => {
  it("come back as they were, however the stream is cut", () => {
    const done = fc.record({
      output: fc.array(payload, { minLength: 1, maxLength: 3 }),
      dtype: u32,
      shape: fc.array(size, { minLength: 1, maxLength: 8 }),
      number: fc.array(fc.tuple(text, fc.double({ noNaN: true })), { minLength: 1, maxLength: 4 }),
      info: fc.array(info, { minLength: 1, maxLength: 4 }),
      stdout: text,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(u32, done), { maxLength: 4 }), fc.array(fc.nat(300)), (frames, cuts) => {
        const stream = Buffer.concat(frames.map(([request, message]) => encodeFrame("done", request, message)));
        const reader = new FrameReader();
        const found: unknown[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          for (const { type, request, body } of reader.push(stream.subarray(at, at + cut))) {
            found.push([request, plain(decodeFields(type, body))]);
          }
          at = Math.min(stream.length, at + cut);
        }
        expect(reader.byteLength).toBe(0);
        expect(found).toEqual(frames.map(([request, message]) => [request, plain(message)]));
      }),
    );
  });

  it("of an option hold any value", () => {
    fc.assert(
      fc.property(text, text, (key, value) => {
        const [frame] = [
          ...new FrameReader().push(encodeFrame("options", 1, { codec: "zstd", option: [[key, value]] })),
        ];
        expect(decodeFields("options", frame!.body).option).toEqual([[key, value]]);
      }),
    );
  });

  it("that would be too large are refused", () => {
    const bytes = new Uint8Array(protocol.LIMITS.body);
    expect(() => encodeFrame("compress", 1, { codec: "noop", input: [{ bytes }] })).toThrow("a frame of more than");
    const fits = { input: [{ bytes: bytes.subarray(32) }] };
    expect(encodeFrame("decompress", 1, fits).length).toBeLessThanOrEqual(protocol.LIMITS.body + protocol.HEADER_BYTES);
  });

  it("of the first kind agree on the highest common version", () => {
    const version = (lowest: number, highest: number) => {
      const [frame] = [...new FrameReader().push(encodeHello({ version: "x" }, { lowest, highest }))];
      return readHello(frame!.body).version;
    };
    expect([version(1, 1), version(1, 900)]).toEqual([1, 1]);
    expect(() => version(2, 3)).toThrow("versions 2 to 3");
    expect(() => version(0, 0)).toThrow("versions 0 to 0");
  });
});

it("docs/PROTOCOL.md says the same", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/PROTOCOL.md"), "utf8");
  const row = (cells: string) => expect(page).toContain(`\n| ${cells} `);
  for (const [name, number] of Object.entries(protocol.TYPES)) {
    row(`${number} | ${name} | ${protocol.BODIES[name as protocol.TypeName]}`.trimEnd());
  }
  for (const [name, { tag, kind, ...rest }] of Object.entries(protocol.FIELDS)) {
    row(`${tag} | ${name} | ${kind}${"many" in rest ? ", many" : ""} |`);
  }
  for (const [name, number] of Object.entries(ERROR_NUMBERS)) row(`${number} | ${name} |`);
  const numbers = { about: protocol.INFO_ABOUT, type: protocol.INFO_TYPES };
  for (const [what, table] of Object.entries(numbers)) {
    const list = Object.entries(table).map(([name, number]) => `${number} ${name}`);
    expect(page.replaceAll("\n  ", " ")).toContain(`${what} (${list.join(", ")})`);
  }
  for (const number of [protocol.LIMITS.body, protocol.LIMITS.inline, protocol.SMALL]) {
    expect(page).toContain(number.toLocaleString("en"));
  }
});
