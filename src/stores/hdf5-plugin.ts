/**
 * A filter of HDF5 that hands chunks over to JavaScript. HDF5's own filters are C functions; h5wasm loads others as
 * WebAssembly side modules (Emscripten's dynamic linking). This one, made here byte by byte, does no work itself:
 *
 * - writing, it puts a stream in the place of the chunk's values that HDF5 gives it: the stream which stands in the
 *   mailbox, in h5wasm's memory;
 * - reading, it leaves the stream in the mailbox and gives HDF5 a chunk of zeros.
 *
 * Chunks are written and read one by one (hdf5-chunks.ts), and h5wasm closes the dataset after each call, which empties
 * HDF5's cache of chunks: so the mailbox never holds a stream of another chunk.
 */

/** Words of 4 bytes in h5wasm's memory: their place is compiled into the module. */
export const MAILBOX = {
  /** Size of a whole chunk of values. */
  chunkBytes: 0,
  /** What is to be written: address (0: nothing) and length. */
  writeAt: 4,
  writeLength: 8,
  /** What was read: address (0: the chunk was not stored by this filter) and length. */
  readAt: 12,
  readLength: 16,
  bytes: 20,
} as const;

const I32 = 0x7f;
const END = 0x0b;
const GET = 0x20;
const SET = 0x21;
const CONST = 0x41;
const LOAD = [0x28, 2, 0];
const STORE = [0x36, 2, 0];
const CALL = 0x10;
const GLOBAL = 0x23;
const IF_VALUE = [0x04, I32];
const IF = [0x04, 0x40];
const ELSE = 0x05;
const ADD = 0x6a;
const EQZ = 0x45;
const AND = 0x71;
const FILL = [0xfc, 11, 0];

function unsigned(value: number): number[] {
  const out: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 128) return [...out, left];
    out.push((left & 127) | 128);
  }
}

function signed(value: number): number[] {
  const out: number[] = [];
  for (let left = value | 0; ; left >>= 7) {
    const last = (left >= -64 && left < 64) || false;
    out.push(last ? left & 127 : (left & 127) | 128);
    if (last) return out;
  }
}

const text = (value: string): number[] => [...unsigned(value.length), ...new TextEncoder().encode(value)];
const list = (items: readonly number[][]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
const constant = (value: number): number[] => [CONST, ...signed(value)];

/**
 * @param id HDF5's number of the filter
 * @param name what HDF5 calls it in messages
 * @param mailbox where the mailbox lies in h5wasm's memory
 */
export function filterPlugin(id: number, name: string, mailbox: number): Uint8Array {
  const label = [...new TextEncoder().encode(name), 0];
  const info = Math.ceil(label.length / 4) * 4; // the struct stands behind the name
  const memoryBytes = info + 32;
  // Emscripten's section: memory and table that the module needs.
  const needs = [...unsigned(memoryBytes), 3, 1, 0];
  const dylink = section(0, [...text("dylink.0"), 1, ...unsigned(needs.length), ...needs]);

  const types = list([
    [0x60, 1, I32, 1, I32], // malloc
    [0x60, 1, I32, 0], // free
    [0x60, 0, 1, I32], // the plug-in's two questions
    [0x60, 6, I32, I32, I32, I32, I32, I32, 1, I32], // the filter
  ]);
  const env = text("env");
  const imports = list([
    [...env, ...text("memory"), 2, 0, 0],
    [...env, ...text("__indirect_function_table"), 1, 0x70, 0, 0],
    [...env, ...text("__memory_base"), 3, I32, 0],
    [...env, ...text("__table_base"), 3, I32, 0],
    [...env, ...text("malloc"), 0, 0],
    [...env, ...text("free"), 0, 1],
  ]);
  const [MALLOC, FREE, FILTER] = [0, 1, 4];
  const exported = list([
    [...text("H5PLget_plugin_type"), 0, 2],
    [...text("H5PLget_plugin_info"), 0, 3],
  ]);
  const base = [GLOBAL, 0];

  /** H5PL_TYPE_FILTER is 0. */
  const pluginType = body([], [...constant(0)]);
  /** H5Z_class2_t: version, id, encoder and decoder present, name, can_apply, set_local, filter. */
  const fields: [number, number[]][] = [
    [0, constant(1)],
    [4, constant(id)],
    [8, constant(1)],
    [12, constant(1)],
    [16, base],
    [20, constant(0)],
    [24, constant(0)],
    [28, [GLOBAL, 1]],
  ];
  const pluginInfo = body(
    [],
    [
      ...fields.flatMap(([offset, value]) => [...base, ...value, 0x36, 2, ...unsigned(info + offset)]),
      ...[...base, ...constant(info), ADD],
    ],
  );

  // Parameters: flags, count and values of the filter's options, bytes, where the buffer's size and address stand.
  const [FLAGS, BYTES, SIZE_AT, BUFFER_AT, FRESH] = [0, 3, 4, 5, 6];
  const box = (field: number): number[] => constant(mailbox + field);
  const readBox = (field: number): number[] => [...box(field), ...LOAD];
  const setBox = (field: number, value: readonly number[]): number[] => [...box(field), ...value, ...STORE];
  const buffer = [GET, BUFFER_AT, ...LOAD];
  const REVERSE = 0x100;
  const filter = body(
    [1],
    [
      ...[GET, FLAGS, ...constant(REVERSE), AND, ...IF_VALUE],
      ...[...readBox(MAILBOX.chunkBytes), CALL, MALLOC, SET, FRESH],
      ...[GET, FRESH, EQZ, ...IF, ...constant(0), 0x0f, END],
      ...[GET, FRESH, ...constant(0), ...readBox(MAILBOX.chunkBytes), ...FILL],
      // One that nobody fetched.
      ...[...readBox(MAILBOX.readAt), CALL, FREE],
      ...setBox(MAILBOX.readAt, buffer),
      ...setBox(MAILBOX.readLength, [GET, BYTES]),
      ...[GET, BUFFER_AT, GET, FRESH, ...STORE],
      ...[GET, SIZE_AT, ...readBox(MAILBOX.chunkBytes), ...STORE],
      ...readBox(MAILBOX.chunkBytes),
      ELSE,
      // Nothing in the mailbox: the filter fails, and with it the write.
      ...[...readBox(MAILBOX.writeAt), EQZ, ...IF, ...constant(0), 0x0f, END],
      ...[...buffer, CALL, FREE],
      ...[GET, BUFFER_AT, ...readBox(MAILBOX.writeAt), ...STORE],
      ...[GET, SIZE_AT, ...readBox(MAILBOX.writeLength), ...STORE],
      ...setBox(MAILBOX.writeAt, constant(0)),
      ...readBox(MAILBOX.writeLength),
      END,
    ],
  );

  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...dylink,
    ...section(1, types),
    ...section(2, imports),
    ...section(3, list([[2], [2], [3]])),
    ...section(7, exported),
    // The filter's place in the table.
    ...section(9, [1, 0, GLOBAL, 1, END, 1, FILTER]),
    ...section(10, list([pluginType, pluginInfo, filter])),
    ...section(11, [1, 0, GLOBAL, 0, END, ...unsigned(label.length), ...label]),
  ]);
}

/** A function of so many own i32 variables. */
function body(locals: readonly number[], code: readonly number[]): number[] {
  const declared = list(locals.map((count) => [count, I32]));
  const whole = [...declared, ...code, END];
  return [...unsigned(whole.length), ...whole];
}
