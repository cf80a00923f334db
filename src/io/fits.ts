/** FITS images: cards of 80 letters in blocks of 2880 bytes, then big-endian values, fastest axis first. */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType } from "../tensor/dtype.ts";
import { elementCount, MAX_RANK } from "../tensor/shape.ts";
import type { ByteSource, TensorSink, TensorSource } from "../tensor/source.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { type AttributeValue, attributesOf, attributeTexts, fillOf } from "./attributes.ts";
import type { TensorLike } from "./format.ts";
import { partOf } from "./part.ts";
import { type ClosableSink, rawSink, rawSource, swapped } from "./raw.ts";
import { chooseVariable, type VariableInfo } from "./variables.ts";

const BLOCK = 2880;
const CARD = 80;
/** Longer headers are no headers. */
const MOST_BLOCKS = 4096;
const MOST_UNITS = 4096;

/** BITPIX, and the BZERO by which FITS says "the other sign". */
const TYPES: readonly { readonly bitpix: number; readonly zero: string; readonly dtype: DType }[] = [
  { bitpix: 8, zero: "0", dtype: "uint8" },
  { bitpix: 8, zero: "-128", dtype: "int8" },
  { bitpix: 16, zero: "0", dtype: "int16" },
  { bitpix: 16, zero: "32768", dtype: "uint16" },
  { bitpix: 32, zero: "0", dtype: "int32" },
  { bitpix: 32, zero: "2147483648", dtype: "uint32" },
  { bitpix: 64, zero: "0", dtype: "int64" },
  { bitpix: 64, zero: "9223372036854775808", dtype: "uint64" },
  { bitpix: -32, zero: "0", dtype: "float32" },
  { bitpix: -64, zero: "0", dtype: "float64" },
];

/** Keywords that describe the layout; all others are attributes. */
const LAYOUT =
  /^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|END|CONTINUE|COMMENT|HISTORY|BZERO|BSCALE|BLANK|BUNIT|EXTNAME|EXTVER|TFIELDS|THEAP|ZIMAGE|CHECKSUM|DATASUM|)$/;

type Cards = ReadonlyMap<string, string | number | boolean>;

interface Unit extends VariableInfo {
  readonly cards: Cards;
  readonly offset: number;
}

function corrupt(where: string, what: string, code: "corrupt" | "truncated" = "corrupt"): TempressError {
  return new TempressError(code, `not a readable FITS file: ${what}`, { where });
}

async function readCards(bytes: ByteSource, start: number, where: string): Promise<{ cards: Cards; end: number }> {
  const cards = new Map<string, string | number | boolean>();
  for (let block = 0; block < MOST_BLOCKS; block++) {
    const at = start + block * BLOCK;
    if (at + BLOCK > bytes.byteLength) throw corrupt(where, "it ends inside a header", "truncated");
    const text = new TextDecoder("latin1").decode(await bytes.read(at, at + BLOCK));
    for (let card = 0; card < BLOCK; card += CARD) {
      const line = text.slice(card, card + CARD);
      const key = line.slice(0, 8).trimEnd();
      if (key === "END") return { cards, end: at + BLOCK };
      if (line.slice(8, 10) === "= " && !cards.has(key)) {
        const value = cardValue(line.slice(10));
        if (value !== undefined) cards.set(key, value);
      }
    }
  }
  throw corrupt(where, "its header has no end");
}

function cardValue(text: string): string | number | boolean | undefined {
  const quoted = /^\s*'((?:[^']|'')*)'/.exec(text);
  if (quoted) return quoted[1]!.replaceAll("''", "'").trimEnd();
  const word = text.split("/")[0]!.trim();
  if (word === "T" || word === "F") return word === "T";
  const number = Number(word.replace(/D/i, "E"));
  return word === "" || Number.isNaN(number) ? undefined : number;
}

/** Header and data units of images; tables are passed over. */
async function unitsOf(bytes: ByteSource, where: string): Promise<Unit[]> {
  const first = await bytes.read(0, Math.min(30, bytes.byteLength));
  if (!new TextDecoder("latin1").decode(first).startsWith("SIMPLE  ="))
    throw corrupt(where, "it does not begin with SIMPLE");
  const units: Unit[] = [];
  for (let at = 0, number = 0; at < bytes.byteLength && number < MOST_UNITS; number++) {
    const { cards, end } = await readCards(bytes, at, where);
    const rank = whole(cards, "NAXIS", where);
    if (rank > 999) throw corrupt(where, `NAXIS is ${rank}`);
    const axes = Array.from({ length: rank }, (_, k) => whole(cards, `NAXIS${k + 1}`, where));
    const bitpix = Number(cards.get("BITPIX"));
    if (![8, 16, 32, 64, -32, -64].includes(bitpix)) throw corrupt(where, `BITPIX is ${cards.get("BITPIX")}`);
    const count = rank === 0 ? 0 : axes.reduce((product, extent) => product * extent, 1);
    const groups = number === 0 ? 1 : Number(cards.get("GCOUNT") ?? 1);
    const heap = number === 0 ? 0 : Number(cards.get("PCOUNT") ?? 0);
    const size = (Math.abs(bitpix) / 8) * groups * (heap + count);
    if (!(size >= 0 && Number.isSafeInteger(size))) throw corrupt(where, "its sizes are absurd");
    if (end + size > bytes.byteLength)
      throw corrupt(where, `unit ${number} has ${bytes.byteLength - end} of ${size} bytes`, "truncated");
    const image = number === 0 || cards.get("XTENSION") === "IMAGE";
    if (image && count > 0 && rank <= MAX_RANK) units.push(unit(cards, axes, bitpix, number, end));
    else if (cards.get("ZIMAGE") === true)
      units.push({ ...unit(cards, axes, bitpix, number, end), dtype: "tiles", secondary: true });
    at = end + Math.ceil(size / BLOCK) * BLOCK;
  }
  return units;
}

function whole(cards: Cards, key: string, where: string): number {
  const value = cards.get(key);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw corrupt(where, `${key} is ${String(value)}`);
}

function unit(cards: Cards, axes: readonly number[], bitpix: number, number: number, offset: number): Unit {
  const scale = Number(cards.get("BSCALE") ?? 1);
  const zero = String(BigIntOr(cards.get("BZERO") ?? 0));
  const { dtype } =
    (scale === 1 && TYPES.find((type) => type.bitpix === bitpix && type.zero === zero)) ||
    TYPES.find((type) => type.bitpix === bitpix)!;
  const names = axes.map((_, k) => String(cards.get(`CTYPE${k + 1}`) ?? "").trim()).reverse();
  const units = cards.get("BUNIT");
  return {
    name: String(cards.get("EXTNAME") ?? `hdu${number}`),
    shape: [...axes].reverse(),
    dtype,
    cards,
    offset,
    ...(names.length > 0 && names.every((name) => name !== "") ? { axes: names } : {}),
    ...(typeof units === "string" ? { units } : {}),
  };
}

function BigIntOr(value: string | number | boolean): bigint | number {
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : Number(value);
}

export async function fitsVariables(bytes: ByteSource): Promise<VariableInfo[]> {
  return (await unitsOf(bytes, bytes.name ?? "FITS data")).map(({ cards, offset, ...info }) => info);
}

/** Frames of one image, as stored: BSCALE and BZERO are attributes, but for those that say "unsigned". */
export async function fitsSource(bytes: ByteSource, wanted?: string): Promise<TensorSource> {
  const where = bytes.name ?? "FITS data";
  const found = chooseVariable(await unitsOf(bytes, where), wanted, where);
  if (found.dtype === "tiles") {
    throw new TempressError("unsupported", "tile-compressed images are not read", {
      where,
      hint: "unpack it with funpack",
    });
  }
  const { shape, name, axes, cards, offset } = found;
  const dtype = found.dtype as DType;
  const { bytes: width } = DTYPES[dtype];
  const inside = partOf(bytes, offset, offset + elementCount(shape, where) * width, where);
  const raw = rawSource(inside, { dtype, shape, bigEndian: true });
  const attributes = describedBy(cards, dtype, otherSign(dtype));
  const texts = attributeTexts(attributes);
  const fill = fillOf(attributes, dtype);
  const turned = (t: Tensor): Tensor => (otherSign(dtype) ? signTurned(t) : t);
  return {
    ...raw,
    name,
    ...(axes ? { axes } : {}),
    ...(Object.keys(texts).length > 0 ? { attributes: texts } : {}),
    ...(fill === undefined ? {} : { fill }),
    read: async (t0, t1) => turned(await raw.read(t0, t1)),
    readPart: async (t, start, end) => turned(await raw.readPart!(t, start, end)),
  };
}

const otherSign = (dtype: DType): boolean => TYPES.find((type) => type.dtype === dtype)!.zero !== "0";

/** Adding or taking away half the range turns the highest bit. */
function signTurned(t: Tensor): Tensor {
  const { bytes: width } = DTYPES[t.dtype];
  const bytes = Uint8Array.from(bytesOf(t));
  for (let at = width - 1; at < bytes.length; at += width) bytes[at]! ^= 0x80;
  return { ...t, data: new DTYPES[t.dtype].Array(bytes.buffer) as Tensor["data"] };
}

function describedBy(cards: Cards, dtype: DType, unsigned: boolean): Map<string, AttributeValue> {
  const found = new Map<string, AttributeValue>();
  const number = (value: number): AttributeValue => ({ dtype: "float64", values: Float64Array.of(value) });
  const units = cards.get("BUNIT");
  if (typeof units === "string") found.set("units", units);
  const blank = cards.get("BLANK");
  if (typeof blank === "number" && DTYPES[dtype].kind !== "float" && DTYPES[dtype].bytes < 8 && !unsigned) {
    found.set("_FillValue", { dtype: "int32", values: Int32Array.of(blank) });
  }
  for (const [key, name, plain] of [
    ["BSCALE", "scale_factor", 1],
    ["BZERO", "add_offset", 0],
  ] as const) {
    const value = cards.get(key);
    if (typeof value === "number" && value !== plain && !unsigned) found.set(name, number(value));
  }
  for (const [key, value] of cards) {
    if (LAYOUT.test(key)) continue;
    found.set(
      key,
      typeof value === "number" ? number(value) : typeof value === "boolean" ? (value ? "T" : "F") : value,
    );
  }
  return found;
}

/** The header of a file of one image. Names that are no keywords of FITS, and long texts, are left out. */
export function fitsHeader(like: TensorLike): Uint8Array {
  const type = TYPES.find(({ dtype }) => dtype === (like.dtype === "bool" ? "uint8" : like.dtype))!;
  const lines = ["SIMPLE  =                    T", card("BITPIX", type.bitpix), card("NAXIS", like.shape.length)];
  [...like.shape].reverse().forEach((extent, k) => {
    lines.push(card(`NAXIS${k + 1}`, extent));
  });
  if (type.zero !== "0") lines.push(card("BSCALE", 1), `BZERO   = ${type.zero.padStart(20)}`);
  [...(like.axes ?? [])].reverse().forEach((axis, k) => {
    lines.push(card(`CTYPE${k + 1}`, axis));
  });
  const attributes = attributesOf(like.attributes);
  if (like.fill !== undefined && type.bitpix > 0 && type.zero === "0") lines.push(card("BLANK", like.fill));
  for (const [name, value] of attributes) {
    const key =
      name === "units" ? "BUNIT" : name === "scale_factor" ? "BSCALE" : name === "add_offset" ? "BZERO" : name;
    if (
      !/^[A-Z0-9_-]{1,8}$/.test(key) ||
      /^CTYPE\d+$/.test(key) ||
      (LAYOUT.test(key) && !/^B(UNIT|SCALE|ZERO)$/.test(key))
    )
      continue;
    if (type.zero !== "0" && /^B(SCALE|ZERO)$/.test(key)) continue;
    if (typeof value === "string") {
      // Letters beyond ASCII, and texts longer than a card, have no place.
      if (/^[ -~]*$/.test(value) && value.replaceAll("'", "''").length <= 68) lines.push(card(key, value));
    } else if (value.values.length === 1 && Number.isFinite(Number(value.values[0])))
      lines.push(card(key, Number(value.values[0])));
  }
  lines.push("END");
  const text = lines.map((line) => line.padEnd(CARD)).join("");
  return new TextEncoder().encode(text.padEnd(Math.ceil(text.length / BLOCK) * BLOCK));
}

function card(key: string, value: string | number): string {
  const text =
    typeof value === "number"
      ? String(value).toUpperCase().padStart(20)
      : `'${value
          .replace(/[^ -~]/g, "?")
          .replaceAll("'", "''")
          .slice(0, 68)
          .padEnd(8)}'`;
  return `${key.padEnd(8)}= ${text}`;
}

export async function fitsSink(out: ClosableSink, like: TensorLike, where: string): Promise<TensorSink> {
  const { bytes: width } = DTYPES[like.dtype];
  const size = elementCount(like.shape, where) * width;
  await out.write(fitsHeader(like));
  const turn = like.dtype !== "bool" && otherSign(like.dtype);
  const body: ClosableSink = {
    async write(bytes) {
      const big = swapped(bytes, width);
      if (turn) for (let at = 0; at < big.length; at += width) big[at]! ^= 0x80;
      await out.write(big);
    },
    async close() {
      await out.write(new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK));
      await out.close();
    },
    abort: () => out.abort?.(),
  };
  return rawSink(body, like, where);
}
