/** One client of the daemon: its first packet, its requests and answers, its segments. */
import type { Socket } from "node:net";
import { ERROR_NUMBERS, TempressError } from "../errors.ts";
import { DTYPE_NAMES, DTYPES, type DType } from "../tensor/dtype.ts";
import { FORMS, GROW, INLINE_IF_SMALL, LIMITS, type Message, type Payload, SMALL, type TypeName } from "./protocol.ts";
import { decodeFields, protocolError } from "./protocol-fields.ts";
import { encodeFrame, type Frame, FrameReader, readHello } from "./protocol-frames.ts";
import { copyAtOnce } from "./serve-copy.ts";
import type { Job } from "./serve-queue.ts";
import { isSecret } from "./serve-socket.ts";
import { type Failure, failureOf, type Input, type Result, type Task } from "./serve-task.ts";
import type { Target } from "./shm-io.ts";
import { type Segment, Segments } from "./shm-segments.ts";

/** What a connection needs of the daemon. */
export interface Host {
  readonly version: string;
  readonly secret: Uint8Array | undefined;
  readonly limits: ClientLimits;
  readonly stopping: boolean;
  submit(job: Job): void;
  giveUp(job: Job, reason: Failure): void;
  status(): object;
  trainings: { report(client: number, text: string): void; list(): object[] };
  count(what: "done" | "failed"): void;
  left(connection: Connection): void;
}

export interface ClientLimits {
  readonly requests: number;
  readonly segments: number;
  /** Bytes of tensors of one request. */
  readonly bytes: number;
}

/** Answers that a client does not fetch are not piled up: nothing more is read from it then. */
const MOST_UNSENT = 4 << 20;

interface Active {
  readonly job: Job;
  readonly segments: readonly Segment[];
  /** Numbers of the segments that outputs go to. */
  readonly outputs: readonly number[];
}

const DTYPE_OF = new Map<number, DType>(DTYPE_NAMES.map((name) => [DTYPES[name].id, name]));
const MODES: Readonly<Record<number, boolean>> = { [FORMS.tpz]: false, [FORMS.bare]: true };

export class Connection {
  readonly id: number;
  readonly segments: Segments;
  private readonly socket: Socket;
  private readonly host: Host;
  private readonly reader = new FrameReader();
  private readonly active = new Map<number, Active>();
  private greeted = false;
  private ended = false;
  /** When it owes us something: the first packet, or the rest of a frame. */
  owingSince: number | undefined = Date.now();

  constructor(id: number, socket: Socket, host: Host) {
    this.id = id;
    this.socket = socket;
    this.host = host;
    this.segments = new Segments(host.limits.segments);
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("drain", () => socket.resume());
    socket.on("error", () => undefined);
    socket.on("close", () => this.closed());
  }

  /** Bytes of an unfinished frame. */
  get held(): number {
    return this.reader.byteLength;
  }

  get requests(): number {
    return this.active.size;
  }

  /** Lets answers go out, then ends. */
  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private closed(): void {
    if (this.ended) return;
    this.ended = true;
    const reason: Failure = { code: "cancelled", message: "the client is gone" };
    for (const { job } of [...this.active.values()]) this.host.giveUp(job, reason);
    this.segments.close();
    this.host.left(this);
  }

  private take(chunk: Buffer): void {
    try {
      for (const frame of this.reader.push(chunk)) {
        if (this.ended) return;
        if (this.greeted) this.handle(frame);
        else this.greet(frame);
      }
    } catch (error) {
      // The stream cannot be read on: say why, and end.
      this.send("error", 0, errorMessage(failureOf(error)));
      this.socket.end();
      this.socket.removeAllListeners("data");
      this.socket.resume();
      return;
    }
    if (!this.greeted) return;
    this.owingSince = this.reader.byteLength === 0 ? undefined : (this.owingSince ?? Date.now());
  }

  private greet(frame: Frame): void {
    if (frame.type !== "hello") throw protocolError("the first packet is no hello", "connection");
    const { version, fields } = readHello(frame.body);
    const { secret } = decodeFields("hello", fields);
    if (this.host.secret && !isSecret(secret, this.host.secret)) {
      throw protocolError("the secret is missing or wrong", "hello");
    }
    this.greeted = true;
    const { requests, segments, bytes } = this.host.limits;
    this.send("welcome", frame.request, {
      segment_prefix: this.segments.prefix,
      version: this.host.version,
      number: [
        ["protocol", version],
        ["pid", process.pid],
        ["body", LIMITS.body],
        ["inline", LIMITS.inline],
        ["requests", requests],
        ["segments", segments],
        ["bytes", bytes],
      ],
    });
  }

  private handle({ type, request, body }: Frame): void {
    try {
      if (type === "hello" || type === "welcome" || type === "done" || type === "error") {
        throw protocolError(`${type} is no request`, "connection");
      }
      if (type === "cancel") {
        const found = this.active.get(request);
        if (found) this.host.giveUp(found.job, { code: "cancelled", message: "the request was cancelled" });
        return;
      }
      if (this.active.has(request)) throw protocolError(`request ${request} is not answered yet`, type);
      const answer = this.answer(type, request, decodeFields(type, body));
      if (answer) this.send("done", request, answer);
    } catch (error) {
      this.fail(request, failureOf(error));
    }
  }

  /** The answer, or undefined where it comes later. */
  private answer(type: TypeName, request: number, message: Message): Message | undefined {
    switch (type) {
      case "attach":
        this.segments.attach(message.segment!, message.nonce!);
        return {};
      case "detach":
        this.segments.detach(message.segment!);
        return {};
      case "status":
        return { json: [JSON.stringify(this.host.status())] };
      case "train_report":
        for (const text of message.json!) this.host.trainings.report(this.id, text);
        return {};
      case "train_status":
        return { json: this.host.trainings.list().map((training) => JSON.stringify(training)) };
      default:
        this.begin(type, request, message);
        return undefined;
    }
  }

  private begin(type: TypeName, request: number, message: Message): void {
    const { requests, bytes: most } = this.host.limits;
    if (this.host.stopping) throw new TempressError("cancelled", "the daemon is stopping", { where: "daemon" });
    if (this.active.size >= requests) {
      throw new TempressError("limit", `more than ${requests} requests at once`, {
        where: "connection",
        hint: "wait for answers",
      });
    }
    const payloads = [...(message.input ?? []), ...(message.output ?? [])];
    const bytes = payloads.reduce((sum, payload) => sum + lengthOf(payload), 0);
    if (bytes > most) {
      throw new TempressError("limit", `${bytes} bytes in one request, of at most ${most}`, {
        where: "connection",
        hint: "send fewer frames at a time, or start the daemon with a larger --max-bytes",
      });
    }
    const used: Segment[] = [];
    try {
      const inputs = (message.input ?? []).map((payload) => this.input(payload, used));
      const targets = (message.output ?? []).map((payload) => this.target(payload, used));
      const task = taskOf(type, message, inputs, targets, most);
      const outputs = (message.output ?? []).map((payload) => ("segment" in payload ? payload.segment : 0));
      const job: Job = {
        client: this.id,
        task,
        bytes,
        deadline: message.deadline ?? 0,
        done: (outcome, queued) => this.done(request, outcome, queued),
      };
      const copied = copyAtOnce(task);
      this.active.set(request, { job, segments: used, outputs });
      if (copied) this.done(request, { result: copied }, 0);
      else this.host.submit(job);
    } catch (error) {
      for (const segment of used) this.segments.release(segment);
      throw error;
    }
  }

  private input(payload: Payload, used: Segment[]): Input {
    if ("segment" in payload) {
      if (payload.flags !== 0) throw protocolError("an input has no flags", "input");
      const segment = this.segments.use(payload.segment);
      used.push(segment);
      return { fd: segment.fd, offset: payload.offset, length: payload.length };
    }
    if (payload.bytes.length > LIMITS.inline) {
      throw new TempressError("limit", `${payload.bytes.length} bytes inline, of at most ${LIMITS.inline}`, {
        where: "input",
        hint: "use shared memory",
      });
    }
    // A copy of just these bytes: they are a view of what came from the socket.
    return { bytes: new Uint8Array(payload.bytes) };
  }

  private target(payload: Payload, used: Segment[]): Target {
    if (!("segment" in payload)) throw protocolError("an output of a request is a place", "output");
    const segment = this.segments.use(payload.segment);
    used.push(segment);
    const { flags, offset, length } = payload;
    const inline = (flags & INLINE_IF_SMALL) === 0 ? 0 : SMALL;
    return { fd: segment.fd, offset, length, grow: (flags & GROW) !== 0, inline };
  }

  private done(request: number, outcome: { result: Result } | { failure: Failure }, queued: number): void {
    const { segments, outputs } = this.active.get(request)!;
    this.active.delete(request);
    for (const segment of segments) this.segments.release(segment);
    if ("failure" in outcome) {
      this.fail(request, outcome.failure);
      return;
    }
    this.host.count("done");
    const { result } = outcome;
    const message: Message = {
      output: result.outputs.map((output, i) =>
        "bytes" in output ? output : { segment: outputs[i]!, flags: 0, offset: output.offset, length: output.length },
      ),
      ...(result.dtype === undefined ? {} : { dtype: DTYPES[result.dtype].id }),
      ...(result.shape === undefined ? {} : { shape: result.shape }),
      number: [...result.numbers, ["tempress:time_queue", queued]],
      ...(result.info === undefined ? {} : { info: result.info }),
      ...(result.exitStatus === undefined ? {} : { exit_status: result.exitStatus }),
      ...(result.stdout === undefined ? {} : { stdout: result.stdout }),
      ...(result.stderr === undefined ? {} : { stderr: result.stderr }),
    };
    try {
      this.send("done", request, message);
    } catch (error) {
      this.send("error", request, errorMessage(failureOf(error)));
    }
  }

  private fail(request: number, failure: Failure): void {
    this.host.count("failed");
    this.send("error", request, errorMessage(failure));
  }

  private send(type: TypeName, request: number, message: Message): void {
    if (this.ended || !this.socket.writable) return;
    this.socket.write(encodeFrame(type, request, message));
    if (this.socket.writableLength > MOST_UNSENT) this.socket.pause();
  }
}

function lengthOf(payload: Payload): number {
  return "bytes" in payload ? payload.bytes.length : payload.length;
}

/** Texts of errors fit into a frame whatever they quote. */
function errorMessage({ code, message, where, hint }: Failure): Message {
  const short = (text: string) => text.replaceAll("\0", "?").slice(0, 2000);
  return {
    error_number: ERROR_NUMBERS[code],
    message: short(message),
    ...(where === undefined ? {} : { where: short(where) }),
    ...(hint === undefined ? {} : { hint: short(hint) }),
  };
}

function taskOf(
  type: TypeName,
  message: Message,
  inputs: readonly Input[],
  targets: readonly Target[],
  mostBytes: number,
): Task {
  const common = { options: message.option ?? [], inputs, targets };
  const { codec, shape } = message;
  const bare = MODES[message.form ?? FORMS.tpz];
  if (bare === undefined) throw protocolError(`form ${message.form} is unknown`, type);
  const dtype = message.dtype === undefined ? undefined : DTYPE_OF.get(message.dtype);
  if (message.dtype !== undefined && dtype === undefined)
    throw protocolError(`dtype ${message.dtype} is unknown`, type);
  switch (type) {
    case "compress":
      return { ...common, kind: type, codec: codec!, bare, dtype: dtype!, shape: shape! };
    case "decompress":
      return { ...common, kind: type, codec, bare, dtype, shape, mostBytes };
    case "options":
      return { ...common, kind: type, codec: codec! };
    case "metrics":
      return { ...common, kind: type, names: message.metric!, dtype: dtype!, shape: shape!, size: message.size! };
    case "external":
      return { ...common, kind: type, words: message.argument!, outputNames: message.output_name ?? [] };
    default:
      throw protocolError(`${type} is no request`, "connection");
  }
}
