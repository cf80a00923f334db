/** The work of a request, in a worker thread. */
import { availableParallelism } from "node:os";
import { openArchive } from "../compressor/archive.ts";
import { compressBare, decompressBare } from "../compressor/bare.ts";
import { compressTo } from "../compressor/compress.ts";
import { compressor } from "../compressor/compressor.ts";
import { compressOptions, GENERIC_OPTIONS, type GivenOptions, mergeOptions } from "../compressor/generic-options.ts";
import { codecs } from "../compressor/registry.ts";
import { type OptionSchema, parseOptions } from "../compressor/schema.ts";
import { TempressError } from "../errors.ts";
import { rawSource } from "../io/raw.ts";
import type { MetricResults } from "../metrics/metric.ts";
import { phaseResults, profilePhases } from "../phases.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../tensor/shape.ts";
import { type ByteSource, byteSource } from "../tensor/source.ts";
import { bytesOf, type Tensor, tensorFromBytes } from "../tensor/tensor.ts";
import { infoOf, metricEntries } from "./serve-info.ts";
import { bytesIn, MOST_INLINE, put, sizeOf } from "./serve-payloads.ts";
import type { Input, Result, Task } from "./serve-task.ts";
import { checkPlace, copyPlace, placeSource, TargetSink, tooSmall, type Written } from "./shm-io.ts";

type TaskOf<K extends Task["kind"]> = Extract<Task, { kind: K }>;

/** `signal` is looked at between chunks. Throws typed errors. */
export async function work(task: Task, signal: AbortSignal): Promise<Result> {
  for (const input of task.inputs) if (!("bytes" in input)) checkPlace(input);
  switch (task.kind) {
    case "compress":
      return task.bare ? await compressAlone(task, signal) : await compressTensor(task, signal);
    case "decompress":
      return task.bare ? await decompressAlone(task, signal) : await decompressFile(task, signal);
    case "options":
      return { outputs: [], numbers: [], info: await infoOf(task.codec, task.options) };
    case "metrics":
      return await measure(task);
    case "external":
      return await (await import("./serve-external.ts")).answer(task);
  }
}

/** Milliseconds spent in reading inputs and writing outputs. */
class Clock {
  in = 0;
  out = 0;
  private readonly profile = profilePhases();
  private readonly started = performance.now();

  source(source: ByteSource): ByteSource {
    return { ...source, read: (start, end) => this.timed("in", () => source.read(start, end)) };
  }

  timed<T>(way: "in" | "out", work: () => T): T {
    const before = performance.now();
    const result = work();
    this[way] += performance.now() - before;
    return result;
  }

  async waited<T>(way: "in" | "out", work: () => Promise<T> | T): Promise<T> {
    const before = performance.now();
    const result = await work();
    this[way] += performance.now() - before;
    return result;
  }

  numbers(): [string, number][] {
    const all = performance.now() - this.started;
    return Object.entries({
      ...phaseResults(this.profile.stop()),
      // Copying as the client sees it: not what the container does around it.
      "tempress:time_copy_in": this.in,
      "tempress:time_copy_out": this.out,
      "tempress:time_work": all,
    });
  }
}

function only(inputs: readonly Input[], kind: string): Input {
  if (inputs.length === 1) return inputs[0]!;
  throw new TempressError("protocol", `${inputs.length} inputs of ${kind}`, { where: "input", hint: "give one" });
}

export function sourceOf(input: Input): ByteSource {
  return "bytes" in input ? byteSource(input.bytes, "the request") : placeSource(input);
}

/** Options of the request over each other, under the declarations of the codec. */
export async function givenOptions(codec: string | undefined, texts: Task["options"]): Promise<GivenOptions> {
  if (texts.length === 0) return {};
  const own: OptionSchema = codec === undefined ? {} : (await codecs.get(codec)).options;
  const values = parseOptions({ ...GENERIC_OPTIONS, ...own }, Object.fromEntries(texts));
  const threads = values["pressio:nthreads"];
  // No request may have more threads than the machine; the bytes do not depend on it.
  if (typeof threads === "number") values["pressio:nthreads"] = Math.min(threads, availableParallelism());
  return mergeOptions({}, values);
}

async function compressTensor(task: TaskOf<"compress">, signal: AbortSignal): Promise<Result> {
  const { codec, dtype, shape } = task;
  const clock = new Clock();
  const input = only(task.inputs, "compress");
  const given = await givenOptions(codec, task.options);
  const names = metricNames(given);
  const source = rawSource(clock.source(sourceOf(input)), { dtype, shape });
  const sink = new TargetSink(task.targets[0], MOST_INLINE);
  // Metrics that need the decoded values decode the file that was made, from memory.
  const file = names.length > 0 ? new TargetSink(undefined, Number.MAX_SAFE_INTEGER) : undefined;
  const options = { ...compressOptions(codec, given), signal };
  const report = await compressTo(
    source,
    { write: (bytes) => clock.timed("out", () => (file ?? sink).write(bytes)) },
    options,
  );
  const named = Object.entries(report).filter(([key]) => key.includes(":"));
  let measured: MetricResults = Object.fromEntries(named) as Record<string, number>;
  if (file) {
    const { bytes } = file.finish() as { bytes: Uint8Array };
    clock.timed("out", () => sink.write(bytes));
    const archive = await openArchive(bytes);
    const decoded = await archive.readFrames(0, shape[archive.header.timeAxis]!);
    const original = tensorFromBytes(dtype, shape, bytesIn(input));
    const { evaluateMetrics } = await import("../metrics/index.ts");
    measured = { ...measured, ...(await evaluateMetrics(names, original, bytes.length, decoded, fillOf(given))) };
  }
  const written = clock.timed("out", () => sink.finish());
  const { numbers, info } = metricEntries(measured);
  return { outputs: [written], numbers: [...numbers, ...clock.numbers()], info };
}

/** Those that the report of a compression does not have already. */
function metricNames(given: GivenOptions): string[] {
  const names = String(given["pressio:metric"] ?? "").split(",");
  return names.map((name) => name.trim()).filter((name) => !["", "size", "time"].includes(name));
}

const fillOf = (given: GivenOptions) => ({ fill: given["tempress:fill"] as number | undefined });

async function decompressFile(task: TaskOf<"decompress">, signal: AbortSignal): Promise<Result> {
  const clock = new Clock();
  const given = await givenOptions(task.codec, task.options);
  const source = clock.source(sourceOf(only(task.inputs, "decompress")));
  const archive = await openArchive(source, { threads: given["pressio:nthreads"] as number | undefined });
  try {
    const { dtype, shape } = archive;
    expectSame(task, dtype, shape);
    const size = elementCount(shape) * DTYPES[dtype].bytes;
    roomFor(task, size);
    const sink = new TargetSink(task.targets[0], MOST_INLINE);
    const write = (slab: Tensor) => clock.timed("out", () => sink.write(bytesOf(slab)));
    await archive.writeTo({ write, close: () => undefined }, { signal });
    const written = clock.timed("out", () => sink.finish());
    return { outputs: [written], numbers: [["size:decompressed_size", size], ...clock.numbers()], dtype, shape };
  } finally {
    await archive.close();
  }
}

function expectSame(task: TaskOf<"decompress">, dtype: DType, shape: Shape): void {
  const same = (task.dtype ?? dtype) === dtype && (task.shape ?? shape).join() === shape.join();
  if (same) return;
  const wanted = `${formatShape(task.shape ?? shape)} ${task.dtype ?? dtype}`;
  throw new TempressError("invalid-argument", `the file holds ${formatShape(shape)} ${dtype}, not ${wanted}`, {
    where: "decompress",
    hint: "leave type and shape out to take what is there",
  });
}

/** Refuses what will not fit before it is decoded. */
function roomFor({ targets, mostBytes }: TaskOf<"decompress">, size: number): void {
  const [target] = targets;
  if (size > mostBytes) {
    throw new TempressError("limit", `the values have ${size} bytes, a request may have ${mostBytes}`, {
      where: "decompress",
      hint: "start the daemon with a larger --max-bytes",
    });
  }
  const room = target === undefined ? MOST_INLINE : target.grow ? mostBytes : Math.max(target.length, target.inline);
  if (size > room) throw tooSmall(room, size);
}

/** The codec's own stream. That of noop is the values: they are copied from segment to segment, unseen. */
async function compressAlone(task: TaskOf<"compress">, signal: AbortSignal): Promise<Result> {
  const { codec, dtype, shape } = task;
  const clock = new Clock();
  const input = only(task.inputs, "compress");
  const given = await givenOptions(codec, task.options);
  const raw = elementCount(shape) * DTYPES[dtype].bytes;
  if (sizeOf(input) !== raw) {
    const needs = `shape ${formatShape(shape)} of ${dtype} needs ${raw}`;
    throw new TempressError("invalid-argument", `${sizeOf(input)} bytes are given, ${needs}`, { where: "input" });
  }
  let written: Written;
  if (codec === "noop") written = await clock.waited("out", () => copied(task, input, signal));
  else {
    const values = tensorFromBytes(
      dtype,
      shape,
      clock.timed("in", () => bytesIn(input)),
    );
    const { options, abs, rel, pwRel, lossless, absAndRel } = compressOptions(codec, given);
    const bytes = await compressBare(codec, values, { abs, rel, pwRel, lossless, absAndRel }, options);
    written = clock.timed("out", () => put(task, bytes));
  }
  const size = "bytes" in written ? written.bytes.length : written.length;
  const numbers: [string, number][] = [
    ["size:uncompressed_size", raw],
    ["size:compressed_size", size],
    ["size:compression_ratio", raw / size],
  ];
  return { outputs: [written], numbers: [...numbers, ...clock.numbers()] };
}

async function decompressAlone(task: TaskOf<"decompress">, signal: AbortSignal): Promise<Result> {
  const { codec, dtype, shape } = task;
  const clock = new Clock();
  if (codec === undefined) {
    throw new TempressError("invalid-argument", "a bare stream does not name its codec", { where: "codec" });
  }
  const input = only(task.inputs, "decompress");
  if (codec === "noop") {
    if (!dtype || !shape || sizeOf(input) !== elementCount(shape) * DTYPES[dtype].bytes) {
      const hint = "give type and shape of the values";
      throw new TempressError("invalid-argument", "type and shape do not fit the bytes", { where: "input", hint });
    }
    const written = await clock.waited("out", () => copied(task, input, signal));
    return { outputs: [written], numbers: clock.numbers(), dtype, shape };
  }
  const { options } = compressOptions(codec, await givenOptions(codec, task.options));
  const bytes = clock.timed("in", () => bytesIn(input));
  const values = await decompressBare(codec, bytes, { dtype, shape, options, where: "input" });
  expectSame(task, values.dtype, values.shape);
  roomFor(task, values.data.byteLength);
  const written = clock.timed("out", () => put(task, bytesOf(values)));
  return { outputs: [written], numbers: clock.numbers(), dtype: values.dtype, shape: values.shape };
}

function copied(task: Task, input: Input, signal: AbortSignal): Promise<Written> | Written {
  const [target] = task.targets;
  if (target === undefined || sizeOf(input) <= target.inline || "bytes" in input) return put(task, bytesIn(input));
  return copyPlace(input, target, () => signal.throwIfAborted());
}

async function measure(task: TaskOf<"metrics">): Promise<Result> {
  if (task.inputs.length !== 2) throw new TempressError("protocol", "metrics need two inputs", { where: "input" });
  const [original, decoded] = task.inputs.map((input) => tensorFromBytes(task.dtype, task.shape, bytesIn(input)));
  const given = await givenOptions(undefined, task.options);
  const { evaluateMetrics } = await import("../metrics/index.ts");
  const results = await evaluateMetrics(task.names, original!, task.size, decoded!, fillOf(given));
  return { outputs: [], ...metricEntries(results) };
}

/** Loads code and kernels of codecs and runs them once, so that the first request finds them warm. */
export async function warmUp(names: readonly string[]): Promise<void> {
  const values = Float32Array.from({ length: 4096 }, (_, i) => Math.fround(Math.sin(i / 9)));
  const bytes = new Uint8Array(values.buffer);
  for (const name of names) {
    const { keeps, bare } = await codecs.get(name);
    const promise = keeps.includes("abs") ? "pressio:abs" : "pressio:lossless";
    const common = { codec: name, targets: [], dtype: "float32", shape: [4, 32, 32] } as const;
    const options = [[promise, promise === "pressio:abs" ? "0.01" : "5"]] as const;
    const run = new AbortController().signal;
    for (const alone of bare ? [false, true] : [false]) {
      const made = await work({ ...common, kind: "compress", bare: alone, options, inputs: [{ bytes }] }, run);
      const file = made.outputs[0] as { bytes: Uint8Array };
      const task = {
        ...common,
        kind: "decompress",
        bare: alone,
        options: [],
        inputs: [file],
        mostBytes: 1 << 20,
      } as const;
      await work(task, run);
    }
    await compressor(name);
  }
}
