import { TempressError } from "../errors.ts";
import { type ByteReader, ByteWriter } from "./cursor.ts";

/**
 * The language in which the container's fields are declared. One declaration (layout.ts) gives the reader, the
 * writer, the size and the table in FORMAT.md.
 */
export interface FieldType<T> {
  /** As FORMAT.md names it. */
  readonly label: string;
  /** Fewest bytes a value takes: the count of a list is checked against it before anything is allocated. */
  readonly min: number;
  write(out: ByteWriter, value: T): void;
  read(from: ByteReader): T;
}

export interface Field<T> {
  readonly type: FieldType<T>;
  readonly help: string;
}

// biome-ignore lint/suspicious/noExplicitAny: fields of any value; each keeps its own type
export type Fields = Readonly<Record<string, Field<any>>>;
export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export interface RecordType<F extends Fields> extends FieldType<ValuesOf<F>> {
  readonly fields: F;
}

export const u8: FieldType<number> = {
  label: "u8",
  min: 1,
  write: (out, value) => out.u8(value),
  read: (from) => from.u8(),
};

export const u32: FieldType<number> = {
  label: "u32",
  min: 4,
  write: (out, value) => out.u32(value),
  read: (from) => from.u32(),
};

export const f64: FieldType<number> = {
  label: "f64",
  min: 8,
  write: (out, value) => out.f64(value),
  read: (from) => from.f64(),
};

export const varint: FieldType<number> = {
  label: "varint",
  min: 1,
  write: (out, value) => out.varint(value),
  read: (from) => from.varint(),
};

/** Whole numbers of either sign: 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
export const signed: FieldType<number> = {
  label: "signed varint",
  min: 1,
  write: (out, value) => out.varint(value < 0 ? -2 * value - 1 : 2 * value),
  read(from) {
    const value = from.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  },
};

export const flag: FieldType<boolean> = {
  label: "flag (0 or 1)",
  min: 1,
  write: (out, value) => out.u8(value ? 1 : 0),
  read(from) {
    const value = from.u8();
    if (value > 1) throw from.wrong(`a flag is ${value}`);
    return value === 1;
  },
};

/** Always these bytes; anything else is refused. */
export function constant(bytes: readonly number[]): FieldType<null> {
  return {
    label: `bytes ${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`,
    min: bytes.length,
    write: (out) => out.put(Uint8Array.from(bytes)),
    read(from) {
      const at = from.at;
      const found = from.take(bytes.length);
      for (let i = 0; i < bytes.length; i++) {
        if (found[i] === bytes[i]) continue;
        from.at = at;
        throw from.wrong(bytes.every((byte) => byte === 0) ? "reserved bits are not zero" : "fixed bytes are missing");
      }
      return null;
    },
  };
}

export const reserved = constant([0]);

export function bytes(limit: number): FieldType<Uint8Array> {
  return {
    label: `bytes (varint count <= ${limit}, then the bytes)`,
    min: 1,
    write(out, value) {
      if (value.length > limit) throw tooLong(`${value.length} bytes`, limit);
      out.varint(value.length);
      out.put(value);
    },
    read: (from) => from.take(counted(from, 1, limit)).slice(),
  };
}

export function text(limit: number): FieldType<string> {
  return {
    label: `text (varint count of bytes <= ${limit}, then UTF-8)`,
    min: 1,
    write(out, value) {
      const encoded = new TextEncoder().encode(value);
      if (encoded.length > limit) throw tooLong(`"${value.slice(0, 20)}..."`, limit);
      out.varint(encoded.length);
      out.put(encoded);
    },
    read(from) {
      const encoded = from.take(counted(from, 1, limit));
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(encoded);
      } catch {
        throw from.wrong("a text is not UTF-8");
      }
    },
  };
}

export function list<T>(of: FieldType<T>, least: number, most: number): FieldType<readonly T[]> {
  return {
    label: `list of ${of.label} (varint count ${least}..${most}, then each)`,
    min: 1 + least * of.min,
    write(out, values) {
      if (values.length < least || values.length > most) throw tooLong(`a list of ${values.length}`, most);
      out.varint(values.length);
      for (const value of values) of.write(out, value);
    },
    read(from) {
      const count = counted(from, of.min, most);
      if (count < least) throw from.wrong(`a list of ${count} is shorter than ${least}`);
      return Array.from({ length: count }, () => of.read(from));
    },
  };
}

/** As many as the tensor has axes; no count is stored. */
export function perAxis(rank: number): FieldType<readonly number[]> {
  return {
    label: "varint x rank",
    min: rank,
    write(out, values) {
      for (let axis = 0; axis < rank; axis++) out.varint(values[axis]!);
    },
    read: (from) => Array.from({ length: rank }, () => from.varint()),
  };
}

export function optional<T>(of: FieldType<T>): FieldType<T | undefined> {
  return {
    label: `optional ${of.label} (flag, then the value if 1)`,
    min: 1,
    write(out, value) {
      flag.write(out, value !== undefined);
      if (value !== undefined) of.write(out, value);
    },
    read: (from) => (flag.read(from) ? of.read(from) : undefined),
  };
}

/** A name stored as its number (u8). */
export function enumeration<N extends string>(
  what: string,
  ids: Readonly<Record<N, number>>,
): FieldType<N> & { readonly ids: Readonly<Record<N, number>> } {
  const names = new Map(Object.entries<number>(ids).map(([name, id]) => [id, name as N]));
  return {
    label: `u8 (${what})`,
    min: 1,
    ids,
    write: (out, value) => out.u8(ids[value]),
    read(from) {
      const id = from.u8();
      const name = names.get(id);
      if (name === undefined) throw from.wrong(`${what} ${id} is unknown`);
      return name;
    },
  };
}

export function record<const F extends Fields>(label: string, fields: F): RecordType<F> {
  const entries = Object.entries(fields);
  return {
    label,
    fields,
    min: entries.reduce((sum, [, field]) => sum + field.type.min, 0),
    write(out, values) {
      for (const [name, field] of entries) field.type.write(out, (values as Record<string, unknown>)[name]);
    },
    read: (from) => Object.fromEntries(entries.map(([name, field]) => [name, field.type.read(from)])) as ValuesOf<F>,
  };
}

export type Cases = Readonly<Record<string, { readonly id: number; readonly fields: Fields }>>;
export type UnionOf<C extends Cases> = { [K in keyof C]: { readonly kind: K } & ValuesOf<C[K]["fields"]> }[keyof C];

/** One of several records: its number (u8), then its fields; in memory `kind` names it. */
export function union<const C extends Cases>(
  what: string,
  cases: C,
): FieldType<UnionOf<C>> & { readonly what: string; readonly cases: C } {
  const kind = enumeration(
    what,
    Object.fromEntries(Object.entries(cases).map(([name, { id }]) => [name, id])) as Record<string, number>,
  );
  const records = new Map(Object.entries(cases).map(([name, { fields }]) => [name, record(name, fields)]));
  return {
    label: `${what} (u8, then its fields)`,
    min: 1,
    what,
    cases,
    write(out, value) {
      kind.write(out, value.kind as string);
      records.get(value.kind as string)!.write(out, value);
    },
    read(from) {
      const name = kind.read(from);
      return { kind: name, ...records.get(name)!.read(from) } as UnionOf<C>;
    },
  };
}

/** Bytes that `type` takes for `value`. */
export function sizeOf<T>(type: FieldType<T>, value: T): number {
  const out = new ByteWriter();
  type.write(out, value);
  return out.length;
}

function counted(from: ByteReader, each: number, most: number): number {
  const count = from.varint();
  if (count > most) throw from.wrong(`a count is ${count}, the limit is ${most}`);
  if (count * each > from.left) throw from.wrong(`${count} entries do not fit into ${from.left} bytes`);
  return count;
}

function tooLong(what: string, limit: number): TempressError {
  return new TempressError("invalid-argument", `${what} is above the file format's limit of ${limit}`, {
    where: "container",
    hint: "shorten the tensor's name, axes or attributes",
  });
}
