/**
 * What is said on the daemon's socket: frames of fields, little-endian. docs/PROTOCOL.md is normative; its tables and
 * the constants of the C client are compared with these declarations by a test.
 */

/** Versions of the protocol that this program speaks. */
export const VERSIONS = { lowest: 1, highest: 1 } as const;

/** First bytes of the first packet. */
export const MAGIC = "tempress";

/** Length of the body, type, reserved, request. */
export const HEADER_BYTES = 12;
/** Tag, reserved, length. */
export const FIELD_HEADER_BYTES = 8;

/** Hard limits on what one frame may say. */
export const LIMITS = {
  /** Bytes of a body. */
  body: 1 << 20,
  /** Bytes of one inline payload of a request. Larger tensors go through shared memory. */
  inline: 256 << 10,
  /** Fields of one body. */
  fields: 4096,
} as const;

/** Kinds of frames. Requests are below 32, answers from 32 on. */
export const TYPES = {
  hello: 1,
  welcome: 2,
  attach: 3,
  detach: 4,
  compress: 5,
  decompress: 6,
  options: 7,
  metrics: 8,
  external: 9,
  train_report: 10,
  train_status: 11,
  status: 12,
  cancel: 13,
  done: 32,
  error: 33,
} as const;
export type TypeName = keyof typeof TYPES;

/** How the bytes of a field are read. */
export type FieldKind = "u32" | "u64" | "u64s" | "text" | "bytes" | "payload" | "option" | "number" | "info";

interface FieldSpec {
  readonly tag: number;
  readonly kind: FieldKind;
  /** May stand in a body more than once; the order counts. */
  readonly many?: true;
}

export const FIELDS = {
  codec: { tag: 1, kind: "text" },
  form: { tag: 2, kind: "u32" },
  dtype: { tag: 3, kind: "u32" },
  shape: { tag: 4, kind: "u64s" },
  option: { tag: 5, kind: "option", many: true },
  input: { tag: 6, kind: "payload", many: true },
  output: { tag: 7, kind: "payload", many: true },
  deadline: { tag: 8, kind: "u32" },
  segment: { tag: 9, kind: "u32" },
  nonce: { tag: 10, kind: "bytes" },
  number: { tag: 11, kind: "number", many: true },
  metric: { tag: 12, kind: "text", many: true },
  argument: { tag: 13, kind: "text", many: true },
  output_name: { tag: 14, kind: "text", many: true },
  exit_status: { tag: 15, kind: "u32" },
  stdout: { tag: 16, kind: "text" },
  stderr: { tag: 17, kind: "text" },
  error_number: { tag: 18, kind: "u32" },
  message: { tag: 19, kind: "text" },
  where: { tag: 20, kind: "text" },
  hint: { tag: 21, kind: "text" },
  size: { tag: 22, kind: "u64" },
  info: { tag: 23, kind: "info", many: true },
  json: { tag: 24, kind: "text", many: true },
  secret: { tag: 25, kind: "bytes" },
  segment_prefix: { tag: 26, kind: "text" },
  version: { tag: 27, kind: "text" },
} as const satisfies Readonly<Record<string, FieldSpec>>;
export type FieldName = keyof typeof FIELDS;

/** A tensor or file: in the frame itself, or a part of an attached segment. */
export type Payload =
  | { readonly bytes: Uint8Array }
  | {
      /** From 1 on. */
      readonly segment: number;
      readonly flags: number;
      readonly offset: number;
      readonly length: number;
    };

/** Flags of the place that a request names for its output. */
export const GROW = 1;
export const INLINE_IF_SMALL = 2;
/** What is small, in bytes. */
export const SMALL = 64 << 10;

/** The container, or the codec's stream alone. */
export const FORMS = { tpz: 0, bare: 1 } as const;

/** One entry of a codec's options, configuration or documentation; or a metric that is no single number. */
export interface Info {
  readonly about: InfoAbout;
  readonly type: InfoType;
  readonly key: string;
  /** Text of the value, or of each value of a list; absent where an option is not set. */
  readonly values: readonly string[] | undefined;
}
export const INFO_ABOUT = { options: 1, configuration: 2, documentation: 3, metrics: 4 } as const;
export type InfoAbout = keyof typeof INFO_ABOUT;
export const INFO_TYPES = { int: 1, float: 2, bool: 3, text: 4, texts: 5, numbers: 6 } as const;
export type InfoType = keyof typeof INFO_TYPES;

interface ValueOf {
  u32: number;
  u64: number;
  u64s: readonly number[];
  text: string;
  bytes: Uint8Array;
  payload: Payload;
  option: readonly [key: string, value: string];
  number: readonly [key: string, value: number];
  info: Info;
}

/** The fields of a body by name. */
export type Message = {
  readonly [N in FieldName]?: (typeof FIELDS)[N] extends { many: true }
    ? readonly ValueOf[(typeof FIELDS)[N]["kind"]][]
    : ValueOf[(typeof FIELDS)[N]["kind"]];
};

/** Fields that a frame may have; those with ! must be there. */
export const BODIES: { readonly [T in TypeName]: string } = {
  hello: "secret version",
  welcome: "segment_prefix! version! number",
  attach: "segment! nonce!",
  detach: "segment!",
  compress: "codec! form dtype! shape! option input! output deadline",
  decompress: "codec form dtype shape option input! output deadline",
  options: "codec! option deadline",
  metrics: "metric! dtype! shape! size! input! option deadline",
  external: "argument! input output output_name deadline",
  train_report: "json!",
  train_status: "",
  status: "",
  cancel: "",
  done: "output dtype shape number info json exit_status stdout stderr",
  error: "error_number! message! where hint size",
};
