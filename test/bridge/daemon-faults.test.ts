/** What clients and workers do wrong, and that the daemon goes on serving the others and keeps nothing. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { HEADER_BYTES, LIMITS, TYPES } from "../../src/bridge/protocol.ts";
import { encodeFields } from "../../src/bridge/protocol-fields.ts";
import { encodeFrame, encodeHello } from "../../src/bridge/protocol-frames.ts";
import { segmentName } from "../../src/bridge/shm-segments.ts";
import {
  compressRequest,
  descriptors,
  numbersOf,
  removeWorker,
  residentBytes,
  segmentNames,
  type TestDaemon,
  testDaemon,
  until,
} from "./daemon-setup.ts";

let at: TestDaemon;
afterEach(() => at.close());
afterAll(removeWorker);

/** With an option, so that a worker does it: the main thread would. */
const copy = { ...compressRequest("noop"), option: [["pressio:nthreads", "1"] as const], form: 1 };
// biome-ignore lint/suspicious/noExplicitAny: an error, or the answer that should have been one
const failure = (promise: Promise<unknown>): Promise<any> => promise.catch((error) => error);

/** Bytes to the daemon as they are; resolves with all that came when the daemon ends the connection, or we do. */
function raw(socket: string, bytes: Uint8Array, endAfter?: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const stream = net.connect(socket, () => stream.write(bytes));
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("error", () => undefined);
    stream.on("close", () => resolve(Buffer.concat(parts)));
    if (endAfter !== undefined) setTimeout(() => stream.destroy(), endAfter);
  });
}

describe("frames", () => {
  it("that are malformed end their connection with the reason, and no other", async () => {
    at = await testDaemon();
    const other = await at.client();
    const hello = encodeHello({});
    const header = (length: number, type: number, reserved = 0) => {
      const head = Buffer.alloc(HEADER_BYTES);
      head.writeUInt32LE(length, 0);
      head.writeUInt16LE(type, 4);
      head.writeUInt16LE(reserved, 6);
      return head;
    };
    const cases: [string, Buffer][] = [
      ["this is no client", Buffer.concat([header(16, TYPES.hello), Buffer.alloc(16)])],
      ["the first packet is no hello", encodeFrame("status", 1, {})],
      ["versions 7 to 9 are asked for", encodeHello({}, { lowest: 7, highest: 9 })],
      ["versions 9 to 7 are asked for", encodeHello({}, { lowest: 9, highest: 7 })],
      ["a frame of 4294967295 bytes", Buffer.concat([hello, header(0xffffffff, TYPES.status)])],
      [`a frame of ${LIMITS.body + 1} bytes`, Buffer.concat([hello, header(LIMITS.body + 1, TYPES.status)])],
      ["type 99 is unknown", Buffer.concat([hello, header(0, 99)])],
      ["a reserved bit is set", Buffer.concat([hello, header(0, TYPES.status, 1)])],
      ["a frame of 542393671 bytes", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ];
    for (const [reason, bytes] of cases)
      expect((await raw(at.daemon.socket, bytes)).toString("latin1")).toContain(reason);
    expect(numbersOf(await other.ask("compress", copy))["size:compressed_size"]).toBe(4096);
  });

  it("that are whole but wrong get an answer, and the connection goes on", async () => {
    at = await testDaemon();
    const client = await at.client();
    const asIs = (body: Buffer) => {
      const frame = encodeFrame("compress", 77, {});
      const head = frame.subarray(0, HEADER_BYTES);
      head.writeUInt32LE(body.length, 0);
      return raw(at.daemon.socket, Buffer.concat([encodeHello({}), head, body]), 150);
    };
    const good = encodeFields(copy);
    const withByte = (index: number, value: number) => {
      const bytes = Buffer.from(good);
      bytes[index] = value;
      return bytes;
    };
    const cases: [string, Buffer][] = [
      ["is missing", Buffer.alloc(0)],
      ["header is cut off", good.subarray(0, 5)],
      ["fewer are there", good.subarray(0, 10)],
      ["field 200 does not belong here", withByte(0, 200)],
      ["a reserved bit is set", withByte(2, 1)],
      ["padding is not 0", withByte(15, 1)],
      ["a field stands twice", Buffer.concat([good, encodeFields({ codec: "zstd" })])],
      ["text is not UTF-8", withByte(8, 0xff)],
      ["field 18 does not belong here", Buffer.concat([good, encodeFields({ error_number: 1 })])],
    ];
    for (const [reason, body] of cases) expect((await asIs(body)).toString("latin1")).toContain(reason);
    const wrong = [
      { ...copy, form: 2 },
      { ...copy, dtype: 77 },
      { ...copy, input: [] },
      { ...copy, input: [...copy.input!, ...copy.input!] },
      { ...copy, output: [{ bytes: new Uint8Array(8) }] },
      { ...copy, input: [{ segment: 9, flags: 0, offset: 0, length: 4096 }] },
      { ...copy, input: [{ segment: 9, flags: 3, offset: 0, length: 4096 }] },
      { ...copy, shape: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
      { ...copy, shape: [Number.MAX_SAFE_INTEGER, 1000] },
      { ...copy, input: [{ bytes: new Uint8Array(LIMITS.inline + 8) }] },
    ];
    for (const message of wrong) expect((await failure(client.ask("compress", message))).name).toBe("TempressError");
    expect((await failure(client.ask("welcome", { segment_prefix: "x", version: "y" }))).message).toContain(
      "no request",
    );
    await client.ask("compress", copy);
  });

  it("of random bytes never stop it", async () => {
    at = await testDaemon();
    const body = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(encodeFields(copy)));
    const frame = fc.tuple(
      fc.constantFrom(...Object.values(TYPES)),
      body,
      fc.array(fc.tuple(fc.nat(400), fc.nat(255))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 5 }), async (frames) => {
        const parts = frames.map(([type, bytes, flips]) => {
          const part = encodeFrame("status", 5, {});
          part.writeUInt32LE(bytes.length, 0);
          part.writeUInt16LE(type, 4);
          const whole = Buffer.concat([part, bytes]);
          for (const [place, value] of flips) if (place < whole.length) whole[place] = value;
          return whole;
        });
        await raw(at.daemon.socket, Buffer.concat([encodeHello({}), ...parts]), 15);
      }),
      { numRuns: 40 },
    );
    const client = await at.client();
    await client.ask("compress", copy);
    await until(() => (at.daemon.status() as { clients: { now: number } }).clients.now === 1);
  });
});

describe("segments", () => {
  it("are opened only if they are the client's own plain files, and their names are gone at once", async () => {
    at = await testDaemon({ maxSegments: 3 });
    const client = await at.client();
    const { segment_prefix } = client.welcome;
    const attach = (prepare: (path: string) => void, id = 1) => {
      const nonce = randomBytes(16);
      prepare(`/dev/shm/${segmentName(segment_prefix!, nonce)}`);
      return failure(client.ask("attach", { segment: id, nonce }));
    };
    const target = `${at.folder}/target`;
    fs.writeFileSync(target, "secret", { mode: 0o600 });
    expect(await attach(() => undefined)).toMatchObject({ code: "io" });
    expect(await attach((path) => fs.symlinkSync(target, path))).toMatchObject({ code: "io" });
    const linked = (path: string) => {
      fs.writeFileSync(path, "x", { mode: 0o600 });
      fs.linkSync(path, `${path}-second`);
    };
    expect(await attach(linked)).toMatchObject({ code: "io" });
    expect(await attach((path) => fs.writeFileSync(path, "x", { mode: 0o644 }))).toMatchObject({ code: "io" });
    expect(await attach((path) => fs.mkdirSync(path))).toBeInstanceOf(Error);
    expect(await attach((path) => fs.writeFileSync(path, "x", { mode: 0o600 }), 0)).toBeInstanceOf(Error);
    for (const name of segmentNames()) fs.rmSync(`/dev/shm/${name}`, { recursive: true });
    const nonce = await failure(client.ask("attach", { segment: 1, nonce: new Uint8Array(4) }));
    expect(nonce).toMatchObject({ code: "invalid-argument" });
    for (let id = 0; id < 3; id++) await client.attach(100);
    expect(await failure(client.attach(100))).toMatchObject({ code: "limit" });
    expect(segmentNames()).toEqual([]);
    expect(fs.readFileSync(target, "utf8")).toBe("secret");
  });

  it("that shrink, or are smaller than the request says, make an error", async () => {
    at = await testDaemon();
    const client = await at.client();
    const [input, output] = [await client.attach(1 << 20), await client.attach(1 << 20)];
    const request = {
      codec: "noop",
      form: 1,
      dtype: 7,
      shape: [1 << 20],
      input: [{ segment: input.id, flags: 0, offset: 0, length: 1 << 20 }],
      output: [{ segment: output.id, flags: 0, offset: 0, length: 1 << 20 }],
    };
    await client.ask("compress", request);
    fs.ftruncateSync(input.fd, 1000);
    expect(await failure(client.ask("compress", request))).toMatchObject({ code: "io" });
    fs.ftruncateSync(input.fd, 1 << 20);
    // Shrinks while it is read, over and over: an error or the old answer, and never the end of the daemon.
    for (let i = 0; i < 30; i++) {
      const asked = failure(client.ask("compress", request));
      fs.ftruncateSync(input.fd, (i * 40_000) % (1 << 20));
      const answer = await asked;
      if (answer instanceof Error) expect(answer).toMatchObject({ code: "io" });
      fs.ftruncateSync(input.fd, 1 << 20);
    }
    const small = { ...request, output: [{ segment: output.id, flags: 0, offset: 0, length: 10 }] };
    expect(await failure(client.ask("compress", small))).toMatchObject({ code: "limit" });
    await client.ask("compress", request);
  });
});

describe("requests", () => {
  it("that crash, throw in or hang a worker fail alone", async () => {
    at = await testDaemon();
    const [one, two] = [await at.client(), await at.client()];
    for (const codec of ["crash", "throw"]) {
      const failed = failure(one.ask("compress", { ...copy, codec }));
      await two.ask("compress", copy);
      expect(await failed).toMatchObject({ code: "internal", message: expect.stringContaining("worker") });
    }
    const late = failure(one.ask("compress", { ...copy, codec: "hang", deadline: 50 }));
    let number = 0;
    const cancelled = failure(one.ask("compress", { ...copy, codec: "hang" }, (request) => (number = request)));
    const waiting = two.ask("compress", copy);
    expect(await late).toMatchObject({ code: "timeout" });
    one.cancel(number);
    expect(await cancelled).toMatchObject({ code: "cancelled" });
    await waiting;
    await one.ask("compress", copy);
  });

  it("that wait can be cancelled, are late, and are limited", async () => {
    at = await testDaemon({ threads: 1, maxRequests: 3, maxBytes: 5000 });
    const client = await at.client();
    await client.ask("compress", copy);
    const slow = client.ask("compress", { ...copy, codec: "slow" });
    const late = failure(client.ask("compress", { ...copy, deadline: 20 }));
    let number = 0;
    const cancelled = failure(client.ask("compress", copy, (request) => (number = request)));
    expect(await failure(client.ask("compress", copy))).toMatchObject({ code: "limit" });
    client.cancel(number);
    client.cancel(12345);
    expect(await cancelled).toMatchObject({ code: "cancelled" });
    expect(await late).toMatchObject({ code: "timeout" });
    await slow;
    const input = [{ bytes: new Uint8Array(8192) }];
    expect(await failure(client.ask("compress", { ...copy, shape: [2048], input }))).toMatchObject({ code: "limit" });
  });

  it("of many clients take turns", async () => {
    at = await testDaemon({ threads: 1 });
    const { daemon } = at;
    const [greedy, modest] = [await at.client(), await at.client()];
    await modest.ask("compress", copy);
    const first = greedy.ask("compress", { ...copy, codec: "slow" });
    const many = Array.from({ length: 20 }, () => greedy.ask("compress", { ...copy, codec: "slow", deadline: 2000 }));
    await until(() => (daemon.status() as { requests: { queued: number } }).requests.queued === 20);
    await modest.ask("compress", copy);
    // The modest one waited for what ran and for one turn of the other.
    expect((daemon.status() as { requests: { queued: number } }).requests.queued).toBeGreaterThan(15);
    greedy.close();
    await Promise.all([first, ...many].map(failure));
  });

  it("of a client that dies are given up, and its segments with it", async () => {
    at = await testDaemon({ threads: 1 });
    const before = descriptors();
    for (const codec of ["slow", "hang"]) {
      const doomed = await at.client();
      const input = await doomed.attach(4096);
      const message = { ...copy, codec, input: [{ segment: input.id, flags: 0, offset: 0, length: 4096 }] };
      const lost = [1, 2, 3].map(() => failure(doomed.ask("compress", message)));
      // A name that was never attached.
      fs.writeFileSync(`/dev/shm/${segmentName(doomed.welcome.segment_prefix!, randomBytes(16))}`, "", { mode: 0o600 });
      await new Promise((resolve) => setTimeout(resolve, 50));
      doomed.close();
      for (const error of await Promise.all(lost)) expect(error).toMatchObject({ code: "io" });
      fs.closeSync(input.fd);
      const other = await at.client();
      await other.ask("compress", copy);
      other.close();
    }
    await until(() => segmentNames().length === 0 && descriptors().segments === before.segments);
  });
});

describe("the daemon", () => {
  const status = () => at.daemon.status() as { stopping: boolean };

  it("finishes what runs and waits when it is stopped, and takes nothing new", async () => {
    at = await testDaemon({ threads: 1 });
    const client = await at.client();
    await client.ask("compress", copy);
    const slow = [1, 2].map(() => client.ask("compress", { ...copy, codec: "slow" }));
    await until(() => (at.daemon.status() as { requests: { queued: number } }).requests.queued === 1);
    const stopped = at.daemon.stop(30);
    expect(status().stopping).toBe(true);
    expect(fs.existsSync(at.daemon.socket)).toBe(false);
    expect(await failure(client.ask("compress", copy))).toMatchObject({ code: "cancelled" });
    for (const answer of await Promise.all(slow)) expect(numbersOf(answer)["size:compressed_size"]).toBe(4096);
    await stopped;
    expect(await failure(client.ask("compress", copy))).toMatchObject({ code: "io" });
  });

  it("gives up what does not end within its grace", async () => {
    at = await testDaemon({ threads: 1 });
    const client = await at.client();
    const hung = failure(client.ask("compress", { ...copy, codec: "hang" }));
    await at.daemon.stop(0.1);
    expect(["cancelled", "io"]).toContain((await hung).code);
  });

  it("is for its owner alone, and one at a place", async () => {
    at = await testDaemon();
    const { socket } = at.daemon;
    expect(fs.statSync(socket).mode & 0o777).toBe(0o600);
    expect(await failure(testDaemon({ socket }))).toMatchObject({
      code: "io",
      message: expect.stringContaining("already"),
    });
    expect(await failure(testDaemon({ socket: `${at.folder}/${"x".repeat(100)}` }))).toMatchObject({ code: "io" });
    fs.mkdirSync(`${at.folder}/open`, { mode: 0o777 });
    fs.chmodSync(`${at.folder}/open`, 0o755);
    expect((await failure(testDaemon({ socket: `${at.folder}/open/socket` }))).message).toContain("other users");
    fs.writeFileSync(`${at.folder}/file`, "");
    expect((await failure(testDaemon({ socket: `${at.folder}/file` }))).message).toContain("no socket");
    expect(await failure(testDaemon({ warm: ["nop"] }))).toMatchObject({ hint: expect.stringContaining("noop") });
    await (await at.client()).ask("compress", copy);
  });

  it("takes the place of one that died, even when several start at once", async () => {
    at = await testDaemon();
    const socket = `${at.folder}/stale`;
    const script = `require("node:net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ["-e", script]);
    expect(fs.lstatSync(socket).isSocket()).toBe(true);
    const started = await Promise.all([1, 2, 3].map(() => failure(testDaemon({ socket }))));
    const alive = started.filter((one) => !(one instanceof Error)) as TestDaemon[];
    expect(alive).toHaveLength(1);
    await (await alive[0]!.client()).ask("compress", copy);
    await alive[0]!.close();
    expect(fs.existsSync(socket)).toBe(false);
    expect(fs.readdirSync(at.folder).filter((name) => name.startsWith("stale"))).toEqual([]);
  });
});

it("1,000 idle connections do not get in the way", async () => {
  at = await testDaemon();
  const busy = await at.client();
  const idle = await Promise.all(Array.from({ length: 1000 }, () => at.client()));
  await busy.ask("compress", copy);
  expect(JSON.parse((await busy.ask("status", {})).json![0]!).clients.now).toBe(1001);
  for (const client of idle) client.close();
  await until(() => (at.daemon.status() as { clients: { now: number } }).clients.now === 1);
  await busy.ask("compress", copy);
});

it("connections over the limit are closed", async () => {
  at = await testDaemon({ maxClients: 2 });
  const [one] = [await at.client(), await at.client()];
  expect(await failure(at.client())).toMatchObject({ code: "io" });
  await one!.ask("compress", copy);
});

it("nothing is left after many clients and requests: no memory, descriptors, segments or requests", async () => {
  at = await testDaemon({ warm: ["noop", "zstd"] });
  const round = async () => {
    const client = await at.client();
    const [input, output] = [await client.attach(1 << 18), await client.attach(0)];
    const request = {
      ...compressRequest("zstd"),
      shape: [64, 32, 32],
      input: [{ segment: input.id, flags: 0, offset: 0, length: 1 << 18 }],
      output: [{ segment: output.id, flags: 1, offset: 0, length: 0 }],
    };
    for (let i = 0; i < 3; i++) await client.ask("compress", request);
    await failure(client.ask("compress", { ...request, shape: [1] }));
    const last = failure(client.ask("compress", request));
    client.close();
    await last;
    for (const { fd } of [input, output]) fs.closeSync(fd);
  };
  for (let i = 0; i < 20; i++) await round();
  const before = descriptors();
  const memory = residentBytes();
  for (let i = 0; i < 200; i++) await round();
  await until(() => (at.daemon.status() as { clients: { now: number } }).clients.now === 0);
  await until(() => descriptors().all <= before.all && segmentNames().length === 0);
  expect(at.daemon.status()).toMatchObject({ segments: 0, clients: { now: 0 }, requests: { running: 0, queued: 0 } });
  // 200 rounds pass 200 MB through. What the collector has not come to yet is less; bench/bridge.mjs runs for longer.
  expect(residentBytes() - memory).toBeLessThan(128 << 20);
});
