/** A client of the daemon in TypeScript: for the verb `serve`, for other processes of ours, and for tests. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import { ERROR_NUMBERS, type ErrorCode, TempressError } from "../errors.ts";
import type { Message, TypeName } from "./protocol.ts";
import { decodeFields } from "./protocol-fields.ts";
import { encodeFrame, encodeHello, FrameReader } from "./protocol-frames.ts";
import { addressOf, defaultSocket, secretFile } from "./serve-socket.ts";
import { segmentName } from "./shm-segments.ts";

export interface DaemonClient {
  /** What the daemon said of itself, and its limits. */
  readonly welcome: Message;
  /**
   * Sends a request and gives the fields of its answer.
   * @throws TempressError as the daemon says; "io" when it is gone
   */
  ask(type: TypeName, message: Message, sent?: (request: number) => void): Promise<Message>;
  cancel(request: number): void;
  /** Makes a segment of so many bytes and attaches it; its name is gone when this resolves. */
  attach(bytes: number): Promise<{ readonly id: number; readonly fd: number }>;
  close(): void;
}

/** @throws TempressError "io" when nobody serves there, "protocol" when versions do not meet */
export async function connectDaemon(socket = defaultSocket()): Promise<DaemonClient> {
  const stream = net.connect(addressOf(socket));
  const waiting = new Map<number, { resolve(message: Message): void; reject(error: Error): void }>();
  const reader = new FrameReader();
  let last = 0;
  let segments = 0;
  let gone: TempressError | undefined;

  const lost = (message: string) => {
    gone ??= new TempressError("io", message, { where: socket, hint: "start it: tempress serve" });
    for (const { reject } of waiting.values()) reject(gone);
    waiting.clear();
  };
  stream.on("error", (error) => lost(`no daemon serves here: ${error.message}`));
  stream.on("close", () => lost("the daemon closed the connection"));
  stream.on("data", (chunk: Buffer) => {
    for (const { type, request, body } of reader.push(chunk)) {
      const message = decodeFields(type, body);
      if (type === "error" && request === 0) gone ??= errorOf(message);
      const found = waiting.get(request);
      waiting.delete(request);
      if (type === "error") found?.reject(errorOf(message));
      else found?.resolve(message);
    }
  });

  const answer = (request: number, bytes: Buffer) =>
    new Promise<Message>((resolve, reject) => {
      if (gone) {
        reject(gone);
        return;
      }
      waiting.set(request, { resolve, reject });
      stream.write(bytes);
    });
  const ask: DaemonClient["ask"] = (type, message, sent) => {
    last++;
    const asked = answer(last, encodeFrame(type, last, message));
    sent?.(last);
    return asked;
  };

  const secret = socket.startsWith("@") ? { secret: readSecret(socket) } : {};
  const welcome = await answer(0, encodeHello(secret));
  return {
    welcome,
    ask,
    cancel: (request) => stream.write(encodeFrame("cancel", request, {})),
    async attach(bytes) {
      const nonce = randomBytes(16);
      const path = `/dev/shm/${segmentName(welcome.segment_prefix!, nonce)}`;
      const fd = fs.openSync(path, "wx+", 0o600);
      fs.ftruncateSync(fd, bytes);
      const segment = ++segments;
      await ask("attach", { segment, nonce });
      return { id: segment, fd };
    },
    close: () => stream.destroy(),
  };
}

function readSecret(socket: string): Uint8Array {
  try {
    return fs.readFileSync(secretFile(socket));
  } catch (cause) {
    throw new TempressError("io", "no daemon of this user serves here", { where: socket, cause });
  }
}

function errorOf({ error_number, message = "", where, hint }: Message): TempressError {
  const code = (Object.keys(ERROR_NUMBERS) as ErrorCode[]).find((name) => ERROR_NUMBERS[name] === error_number);
  return new TempressError(code ?? "protocol", message, {
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
  });
}
