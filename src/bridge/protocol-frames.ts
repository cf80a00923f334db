/** Frames out of a stream of bytes: length, type, request, body. */
import { HEADER_BYTES, LIMITS, MAGIC, type Message, TYPES, type TypeName, VERSIONS } from "./protocol.ts";
import { encodeFields, protocolError } from "./protocol-fields.ts";

export interface Frame {
  readonly type: TypeName;
  /** The client's number of the request; an answer has that of its request. */
  readonly request: number;
  readonly body: Buffer;
}

const NAMES = new Map<number, TypeName>();
for (const [name, number] of Object.entries(TYPES)) NAMES.set(number, name as TypeName);

export function encodeFrame(type: TypeName, request: number, message: Message): Buffer {
  return withHeader(encodeFields(message, HEADER_BYTES), type, request);
}

function withHeader(frame: Buffer, type: TypeName, request: number): Buffer {
  frame.writeUInt32LE(frame.length - HEADER_BYTES, 0);
  frame.writeUInt32LE(TYPES[type], 4);
  frame.writeUInt32LE(request, 8);
  return frame;
}

/** Magic, lowest and highest version, 0; then fields. The same in every version. */
const HELLO_BYTES = 16;

export function encodeHello(message: Message, versions: { lowest: number; highest: number } = VERSIONS): Buffer {
  const frame = encodeFields(message, HEADER_BYTES + HELLO_BYTES);
  frame.write(MAGIC, HEADER_BYTES, "latin1");
  frame.writeUInt16LE(versions.lowest, HEADER_BYTES + 8);
  frame.writeUInt16LE(versions.highest, HEADER_BYTES + 10);
  frame.writeUInt32LE(0, HEADER_BYTES + 12);
  return withHeader(frame, "hello", 0);
}

/** The version to speak and the fields' bytes of a first packet. */
export function readHello(body: Buffer): { version: number; fields: Buffer } {
  if (body.length < HELLO_BYTES || body.toString("latin1", 0, 8) !== MAGIC) {
    throw protocolError("this is no client of tempress", "hello");
  }
  const [lowest, highest] = [body.readUInt16LE(8), body.readUInt16LE(10)];
  const version = Math.min(highest, VERSIONS.highest);
  if (lowest > highest || version < Math.max(lowest, VERSIONS.lowest)) {
    throw protocolError(
      `versions ${lowest} to ${highest} are asked for, this program speaks ${VERSIONS.lowest} to ${VERSIONS.highest}`,
      "hello",
    );
  }
  if (body.readUInt32LE(12) !== 0) throw protocolError("a reserved bit is set", "hello");
  return { version, fields: body.subarray(HELLO_BYTES) };
}

/** Collects what comes until a frame is whole. Holds no more than one unfinished frame. */
export class FrameReader {
  private readonly parts: Buffer[] = [];
  private held = 0;
  /** Bytes of the unfinished frame that are here. */
  get byteLength(): number {
    return this.held;
  }

  /**
   * The frames that `chunk` completes.
   * @throws TempressError "protocol"; the stream cannot be read on then
   */
  *push(chunk: Buffer): Generator<Frame> {
    let data = chunk;
    if (this.held > 0) {
      this.parts.push(chunk);
      this.held += chunk.length;
      if (this.held < HEADER_BYTES) return;
      if (this.parts[0]!.length < HEADER_BYTES) this.parts.splice(0, this.parts.length, Buffer.concat(this.parts));
      if (this.held < HEADER_BYTES + bodyLength(this.parts[0]!)) return;
      data = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
      this.parts.length = 0;
      this.held = 0;
    }
    let at = 0;
    while (data.length - at >= HEADER_BYTES) {
      const head = data.subarray(at, at + HEADER_BYTES);
      const length = bodyLength(head);
      if (data.length - at < HEADER_BYTES + length) break;
      const body = data.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      at += HEADER_BYTES + length;
      yield { type: NAMES.get(head.readUInt16LE(4))!, request: head.readUInt32LE(8), body };
    }
    if (at < data.length) {
      this.parts.push(data.subarray(at));
      this.held = data.length - at;
    }
  }
}

/** Of a header that is whole. */
function bodyLength(head: Buffer): number {
  const length = head.readUInt32LE(0);
  if (length > LIMITS.body) throw protocolError(`a frame of ${length} bytes, of at most ${LIMITS.body}`, "frame");
  if (!NAMES.has(head.readUInt16LE(4))) throw protocolError(`type ${head.readUInt16LE(4)} is unknown`, "frame");
  if (head.readUInt16LE(6) !== 0) throw protocolError("a reserved bit is set", "frame");
  return length;
}
