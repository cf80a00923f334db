/** The daemon at work: requests, what they give, and what clients may not have. */
import * as fs from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GROW, INLINE_IF_SMALL, type Message } from "../../src/bridge/protocol.ts";
import { trainReports } from "../../src/bridge/train-reports.ts";
import { compress, tensor } from "../../src/index.ts";
import {
  bytesOfField,
  compressRequest,
  field,
  numbersOf,
  removeWorker,
  segmentNames,
  type TestDaemon,
  testDaemon,
} from "./daemon-setup.ts";

let at: TestDaemon;
beforeAll(async () => {
  at = await testDaemon({ warm: ["noop", "tezip"], maxBytes: 1 << 28 });
});
afterAll(async () => {
  await at.close();
  await removeWorker();
});

const inline = (message: Message, i = 0): Uint8Array => (message.output![i] as { bytes: Uint8Array }).bytes;
const place = (message: Message) => message.output![0] as { segment: number; offset: number; length: number };

describe("compress and decompress", () => {
  it("give the same file as the library, inline", async () => {
    const client = await at.client();
    for (const codec of ["tezip", "zstd", "noop"]) {
      const answer = await client.ask("compress", compressRequest(codec));
      const file = await compress(tensor("float32", [4, 16, 16], field(1024)), { codec, abs: 0.01 });
      expect(Buffer.from(inline(answer)).equals(file)).toBe(true);
      const numbers = numbersOf(answer);
      expect(numbers["size:compression_ratio"]).toBe(4096 / file.length);
      expect(numbers["error_stat:max_error"]).toBeLessThanOrEqual(0.01);
      expect(numbers["tempress:time_queue"]).toBeGreaterThanOrEqual(0);
      const back = await client.ask("decompress", { input: [{ bytes: inline(answer) }] });
      expect([back.dtype, back.shape]).toEqual([1, [4, 16, 16]]);
      const values = new Float32Array(new Uint8Array(inline(back)).buffer);
      expect(values.every((value, i) => Math.abs(value - field(1024)[i]!) <= 0.01)).toBe(true);
    }
    client.close();
  });

  it("go through shared memory, whose output grows where it may", async () => {
    const client = await at.client();
    const values = field(60 * 100 * 100);
    const [input, output] = [await client.attach(values.byteLength + 64), await client.attach(0)];
    expect(segmentNames()).toEqual([]);
    fs.writeSync(input.fd, bytesOfField(values), 0, values.byteLength, 64);
    const answer = await client.ask("compress", {
      codec: "tezip",
      dtype: 1,
      shape: [60, 100, 100],
      option: [
        ["pressio:abs", "0.01"],
        ["tempress:effort", "fast"],
      ],
      input: [{ segment: input.id, flags: 0, offset: 64, length: values.byteLength }],
      output: [{ segment: output.id, flags: GROW, offset: 4096, length: 0 }],
    });
    const { offset, length } = place(answer);
    const file = await compress(tensor("float32", [60, 100, 100], values), { abs: 0.01, effort: "fast" });
    const got = Buffer.alloc(length);
    fs.readSync(output.fd, got, 0, length, offset);
    expect(got.equals(file)).toBe(true);
    const back = await client.ask("decompress", {
      dtype: 1,
      shape: [60, 100, 100],
      input: [{ segment: output.id, flags: 0, offset, length }],
      output: [{ segment: input.id, flags: INLINE_IF_SMALL, offset: 0, length: values.byteLength }],
    });
    expect(place(back)).toMatchObject({ segment: input.id, offset: 0, length: values.byteLength });
    const decoded = new Float32Array(values.length);
    fs.readSync(input.fd, bytesOfField(decoded), 0, values.byteLength, 0);
    expect(decoded.every((value, i) => Math.abs(value - values[i]!) <= 0.01)).toBe(true);
    for (const { fd, id } of [input, output]) {
      await client.ask("detach", { segment: id });
      fs.closeSync(fd);
    }
    client.close();
  });

  it("take and give a codec's own stream; that of noop is the values", async () => {
    const client = await at.client();
    const bytes = bytesOfField(field(1024));
    const plain = await client.ask("compress", { ...compressRequest("noop"), option: [], form: 1 });
    expect(Buffer.from(inline(plain)).equals(bytes)).toBe(true);
    const sz = await client.ask("compress", compressRequest("sz3", { form: 1 }));
    const back = await client.ask("decompress", { codec: "sz3", form: 1, dtype: 1, input: [{ bytes: inline(sz) }] });
    expect([back.dtype, back.shape]).toEqual([1, [4, 16, 16]]);
    const big = 3 << 20;
    const [input, output] = [await client.attach(big), await client.attach(big)];
    fs.writeSync(input.fd, Buffer.alloc(big, 7), 0, big, 0);
    const segments = (id: number) => ({ segment: id, flags: 0, offset: 0, length: big });
    const copied = await client
      .ask("compress", {
        codec: "noop",
        form: 1,
        dtype: 9,
        shape: [1536, 1024],
        input: [segments(input.id)],
        output: [segments(output.id)],
      })
      .catch((error) => error);
    expect(copied).toMatchObject({ code: "invalid-argument" });
    await client.ask("compress", {
      codec: "noop",
      form: 1,
      dtype: 7,
      shape: [big],
      input: [segments(input.id)],
      output: [segments(output.id)],
    });
    expect(fs.readFileSync(output.fd).equals(Buffer.alloc(big, 7))).toBe(true);
    client.close();
  });

  it("refuse with the library's errors", async () => {
    const client = await at.client();
    const wrong = (type: "compress" | "decompress", message: Message) =>
      client.ask(type, message).catch((error) => error);
    expect(await wrong("compress", compressRequest("tezap"))).toMatchObject({
      code: "invalid-argument",
      hint: expect.stringContaining("tezip"),
    });
    expect(await wrong("compress", compressRequest("zstd", { option: [["pressio:abs", "1e-3x"]] }))).toMatchObject({
      code: "invalid-argument",
      where: "pressio:abs",
    });
    expect(await wrong("compress", compressRequest("zstd", { shape: [5, 16, 16] }))).toMatchObject({
      code: "invalid-argument",
    });
    expect(await wrong("decompress", { input: [{ bytes: new Uint8Array(100) }] })).toMatchObject({ code: "corrupt" });
    const file = inline(await client.ask("compress", compressRequest("zstd")));
    expect(await wrong("decompress", { dtype: 2, shape: [4, 16, 16], input: [{ bytes: file }] })).toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining("4x16x16 float32, not"),
    });
    client.close();
  });
});

describe("other requests", () => {
  it("options, configuration and documentation, with values that were set", async () => {
    const client = await at.client();
    const { info } = await client.ask("options", { codec: "zstd", option: [["pressio:abs", "0.5"]] });
    const find = (about: string, key: string) => info!.find((entry) => entry.about === about && entry.key === key);
    expect(find("options", "pressio:abs")).toMatchObject({ type: "float", values: ["0.5"] });
    expect(find("options", "pressio:rel")).toMatchObject({ type: "float", values: undefined });
    expect(find("options", "zstd:level")).toMatchObject({ type: "int" });
    expect(find("configuration", "pressio:stability")).toMatchObject({ values: ["stable"] });
    expect(find("configuration", "pressio:highlevel")?.type).toBe("texts");
    expect(find("documentation", "pressio:description")?.values).toHaveLength(1);
    client.close();
  });

  it("metrics of two tensors, and of a compression", async () => {
    const client = await at.client();
    const [one, two] = [field(64), field(64).map((value) => value + 0.5)];
    const input = [{ bytes: bytesOfField(one) }, { bytes: bytesOfField(two) }];
    const answer = await client.ask("metrics", { metric: ["error_stat"], dtype: 1, shape: [64], size: 10, input });
    expect(numbersOf(answer)["error_stat:max_error"]).toBeCloseTo(0.5, 5);
    const option = [
      ["pressio:abs", "0.01"],
      ["pressio:metric", "error_stat,size"],
    ] as const;
    const compressed = await client.ask("compress", compressRequest("tezip", { option }));
    expect(numbersOf(compressed)["error_stat:psnr"]).toBeGreaterThan(40);
    client.close();
  });

  it("trainings tell how far they are, and are lost with their process", async () => {
    const [trainer, other] = [await at.client(), await at.client()];
    const report = { name: "era5", stage: "training", step: 3, steps: 100, loss: 0.25 };
    await trainer.ask("train_report", { json: [JSON.stringify(report)] });
    const list = async () => ((await other.ask("train_status", {})).json ?? []).map((text) => JSON.parse(text));
    expect(await list()).toMatchObject([report]);
    await trainer.ask("train_report", { json: [JSON.stringify({ ...report, step: 4 })] });
    expect(await list()).toMatchObject([{ ...report, step: 4 }]);
    const refused = await other.ask("train_report", { json: ['{"name": 1}'] }).catch((error) => error);
    expect(refused).toMatchObject({ code: "protocol" });
    trainer.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await list()).toMatchObject([{ name: "era5", stage: "lost" }]);
    other.close();
  });

  it("LibPressio's external protocol, without opening a path", async () => {
    const client = await at.client();
    const words = ["--api", "5", "--mode", "compress", "--config_name", "external"];
    const options = JSON.stringify({ "pressio:abs": 0.01 });
    const answer = await client.ask("external", {
      argument: [
        ...words,
        "--options",
        options,
        "--itype",
        "float",
        "--idim",
        "1024",
        "--input",
        "/no/where",
        "--otype",
        "byte",
      ],
      input: [{ bytes: bytesOfField(field(1024)) }],
      output_name: ["/some/place"],
    });
    expect(answer.exit_status).toBe(0);
    expect(answer.stdout).toContain('"output:0:path":"/some/place"');
    const file = inline(answer);
    const back = await client.ask("decompress", { input: [{ bytes: file }] });
    expect(back.shape).toEqual([1024]);
    const lost = await client.ask("external", {
      argument: [...words, "--itype", "float", "--idim", "4", "--input", "/etc/passwd", "--otype", "byte"],
    });
    expect(lost.exit_status).toBeGreaterThan(0);
    expect(lost.stderr).toContain("was not sent");
    client.close();
  });

  it("status", async () => {
    const client = await at.client();
    const status = JSON.parse((await client.ask("status", {})).json![0]!);
    expect(status).toMatchObject({ version: "test", pid: process.pid, threads: 2, worker_restarts: 0 });
    client.close();
  });
});

describe("a few bytes without a codec", () => {
  it("come back as they are, inline and through shared memory, without a worker", async () => {
    const client = await at.client();
    const request = { ...compressRequest("noop"), option: [], form: 1 };
    const there = await client.ask("compress", request);
    expect(numbersOf(there)["size:compression_ratio"]).toBe(1);
    const file = inline(there);
    expect(Buffer.from(file).equals(Buffer.from((request.input![0] as { bytes: Uint8Array }).bytes))).toBe(true);
    const back = { codec: "noop", form: 1, dtype: request.dtype!, shape: request.shape!, input: [{ bytes: file }] };
    expect(Buffer.from(inline(await client.ask("decompress", back))).equals(Buffer.from(file))).toBe(true);
    const segment = await client.attach(16384);
    fs.writeSync(segment.fd, file, 0, 4096, 0);
    const input = [{ segment: segment.id, flags: 0, offset: 0, length: 4096 }];
    const output = [{ segment: segment.id, flags: 0, offset: 8192, length: 8192 }];
    const answer = await client.ask("compress", { ...request, input, output });
    expect(place(answer)).toMatchObject({ segment: segment.id, offset: 8192, length: 4096 });
    const copied = Buffer.alloc(4096);
    fs.readSync(segment.fd, copied, 0, 4096, 8192);
    expect(copied.equals(Buffer.from(file))).toBe(true);
    fs.closeSync(segment.fd);
    client.close();
  });
});

describe("a training", () => {
  it("says how far it is, and nothing where no daemon serves", async () => {
    const reports = await trainReports("/somewhere/storms.tpm", at.daemon.socket);
    reports.send({ stage: "training", step: 50, steps: 200, loss: 0.5 });
    reports.send({ stage: "done", step: 200, steps: 200, loss: 0.25 });
    await reports.close();
    const client = await at.client();
    const { json = [] } = await client.ask("train_status", {});
    client.close();
    const latest = { name: "storms.tpm", stage: "done", step: 200, loss: 0.25 };
    expect(JSON.parse(json.at(-1)!)).toMatchObject(latest);
    const alone = await trainReports("storms.tpm", `${at.daemon.socket}.none`);
    alone.send({ stage: "done", step: 1, steps: 1, loss: null });
    await alone.close();
  });
});
