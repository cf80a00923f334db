/**
 * Writes an ONNX model: a protobuf message with field numbers of onnx.proto3 (IR version 8, opset 17). Only what our
 * graphs use: float32 and int64 tensors, attributes that are integers, floats, lists of integers or texts.
 */
export type Attribute = number | readonly number[] | string | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface OnnxPort {
  readonly name: string;
  /** Texts are names of extents that are free. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  /** All are float32. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}

const IR_VERSION = 8;
const OPSET = 17;
const FLOAT = 1;
const INT64 = 7;
/** AttributeProto.AttributeType */
const KINDS = { float: 1, int: 2, text: 3, ints: 7 } as const;

export function onnxBytes(graph: OnnxGraph): Uint8Array<ArrayBuffer> {
  const model = new Message();
  model.int(1, IR_VERSION);
  model.text(2, "tempress");
  model.message(7, graphMessage(graph));
  const opset = new Message();
  opset.text(1, "");
  opset.int(2, OPSET);
  model.message(8, opset);
  return model.bytes();
}

function graphMessage({ name, nodes, constants, inputs, outputs }: OnnxGraph): Message {
  const message = new Message();
  for (const node of nodes) message.message(1, nodeMessage(node));
  message.text(2, name);
  for (const constant of constants) {
    const tensor = new Message();
    for (const extent of constant.shape) tensor.int(1, extent);
    tensor.int(2, constant.data instanceof Float32Array ? FLOAT : INT64);
    tensor.text(8, constant.name);
    const { buffer, byteOffset, byteLength } = constant.data;
    tensor.raw(9, new Uint8Array(buffer, byteOffset, byteLength));
    message.message(5, tensor);
  }
  for (const port of inputs) message.message(11, portMessage(port));
  for (const port of outputs) message.message(12, portMessage(port));
  return message;
}

function nodeMessage({ op, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(4, op);
  for (const [name, value] of Object.entries(attributes)) {
    const attribute = new Message();
    attribute.text(1, name);
    if (typeof value === "number") {
      attribute.int(3, value);
      attribute.int(20, KINDS.int);
    } else if (typeof value === "string") {
      attribute.text(4, value);
      attribute.int(20, KINDS.text);
    } else if ("float" in value) {
      attribute.float(2, value.float);
      attribute.int(20, KINDS.float);
    } else {
      for (const item of value) attribute.int(8, item);
      attribute.int(20, KINDS.ints);
    }
    message.message(5, attribute);
  }
  return message;
}

function portMessage({ name, shape }: OnnxPort): Message {
  const extents = new Message();
  for (const extent of shape) {
    const dimension = new Message();
    if (typeof extent === "number") dimension.int(1, extent);
    else dimension.text(2, extent);
    extents.message(1, dimension);
  }
  const tensor = new Message();
  tensor.int(1, FLOAT);
  tensor.message(2, extents);
  const type = new Message();
  type.message(1, tensor);
  const message = new Message();
  message.text(1, name);
  message.message(2, type);
  return message;
}

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

class Message {
  readonly #parts: Uint8Array[] = [];

  int(field: number, value: number): void {
    this.#parts.push(varint(field * 8 + VARINT), varint(value));
  }

  float(field: number, value: number): void {
    this.#parts.push(varint(field * 8 + FIXED32), new Uint8Array(Float32Array.of(value).buffer));
  }

  text(field: number, value: string): void {
    this.raw(field, new TextEncoder().encode(value));
  }

  raw(field: number, value: Uint8Array): void {
    this.#parts.push(varint(field * 8 + LENGTH), varint(value.length), value);
  }

  message(field: number, value: Message): void {
    this.raw(field, value.bytes());
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** Negative numbers take ten bytes, as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
