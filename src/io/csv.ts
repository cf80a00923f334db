/**
 * Numbers as text: one row a line, separated by commas, semicolons, tabs or blanks. A first line `# shape: 24x73x144
 * dtype: float32` makes more than two axes; it is what is written.
 */
import { TempressError } from "../errors.ts";
import { DTYPES, type DType, isDType } from "../tensor/dtype.ts";
import { integerLimits } from "../tensor/fill.ts";
import { elementCount, formatShape, parseShape, type Shape } from "../tensor/shape.ts";
import type { TensorSink } from "../tensor/source.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { TensorLike } from "./format.ts";
import { frameSink, framesOf } from "./frame-sink.ts";
import type { ClosableSink } from "./raw.ts";

/** The text is in memory as a whole. */
export const LARGEST_CSV = 2 ** 29;

const ABOUT = /^#\s*shape:\s*(\d+(?:x\d+)*)\s+dtype:\s*(\w+)/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NAMED: Readonly<Record<string, number>> = {
  "": Number.NaN,
  nan: Number.NaN,
  na: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  "+inf": Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  "-infinity": Number.NEGATIVE_INFINITY,
};

/**
 * @param known dtype (default float64) and shape, where the text does not say them.
 * @throws TempressError "corrupt" with the line for what is no number, or a row of another length.
 */
export function parseCsv(
  text: string,
  known: { dtype?: DType | undefined; shape?: Shape | undefined },
  where: string,
): Tensor {
  const lines = text.split(/\r\n|\n|\r/);
  const about = ABOUT.exec(lines[0] ?? "");
  const dtype = known.dtype ?? (about && isDType(about[2]!) ? about[2] : "float64");
  const rows: string[][] = [];
  let separator: RegExp | string | undefined;
  lines.forEach((line, i) => {
    const body = line.trim();
    if (body === "" || body.startsWith("#")) return;
    separator ??= separatorOf(body);
    const words = body.split(separator).map((word) => word.trim().replace(/^"(.*)"$/, "$1"));
    const numbers = words.every((word) => NUMBER.test(word) || Object.hasOwn(NAMED, word.toLowerCase()));
    if (!numbers && rows.length === 0) return; // names of columns
    const line1 = `${where}, line ${i + 1}`;
    if (!numbers) {
      const bad = words.find((word) => !NUMBER.test(word) && !Object.hasOwn(NAMED, word.toLowerCase()))!;
      throw new TempressError("corrupt", `"${bad.slice(0, 40)}" is not a number`, { where: line1 });
    }
    if (rows.length > 0 && rows[0]!.length !== words.length) {
      throw new TempressError("corrupt", `${words.length} numbers, where the rows before have ${rows[0]!.length}`, {
        where: line1,
      });
    }
    rows.push(words);
  });
  const columns = rows[0]?.length ?? 0;
  if (columns === 0) throw new TempressError("corrupt", "there are no numbers", { where });
  const shape =
    known.shape ?? (about ? parseShape(about[1]!, where) : columns === 1 ? [rows.length] : [rows.length, columns]);
  if (elementCount(shape, where) !== rows.length * columns) {
    const message = `${rows.length * columns} numbers do not fill shape ${formatShape(shape)}`;
    throw new TempressError("corrupt", message, { where, hint: "leave --shape out, or correct it" });
  }
  const values = new DTYPES[dtype].Array(rows.length * columns);
  const put = writerOf(dtype, values, where);
  let at = 0;
  for (const row of rows) for (const word of row) put(at++, word);
  return tensor(dtype, shape, values as never);
}

function separatorOf(line: string): RegExp | string {
  return line.includes(",") ? "," : line.includes(";") ? ";" : line.includes("\t") ? "\t" : /\s+/;
}

function writerOf(dtype: DType, values: Tensor["data"], where: string): (at: number, word: string) => void {
  const numeric = (word: string): number => NAMED[word.toLowerCase()] ?? Number(word);
  if (DTYPES[dtype].kind === "float") {
    return (at, word) => {
      (values as Float64Array)[at] = numeric(word);
    };
  }
  const [least, most] = integerLimits(dtype);
  return (at, word) => {
    const whole = /^[+-]?\d+$/.test(word) ? BigInt(word.replace("+", "")) : undefined;
    if (whole === undefined || whole < least || whole > most) {
      throw new TempressError("invalid-argument", `"${word}" is no ${dtype}`, {
        where,
        hint: "choose another --dtype",
      });
    }
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) values[at] = whole;
    else values[at] = Number(whole);
  };
}

/** One row of the last axis a line; numbers come back exactly. */
export async function csvSink(out: ClosableSink, like: TensorLike, where: string): Promise<TensorSink> {
  const columns = like.shape.length === 1 ? 1 : like.shape.at(-1)!;
  const text = like.dtype === "float32" ? shortFloat32 : String;
  if (like.shape.length > 2 || like.dtype !== "float64") {
    await out.write(new TextEncoder().encode(`# shape: ${formatShape(like.shape)} dtype: ${like.dtype}\n`));
  }
  return frameSink(like, where, framesOf(like, 8, 1 << 20), {
    async group({ data }) {
      const lines: string[] = [];
      for (let at = 0; at < data.length; at += columns) {
        lines.push(
          Array.from(data.subarray(at, at + columns) as Float64Array, (value) =>
            Object.is(value, -0) ? "-0" : text(value),
          ).join(","),
        );
      }
      await out.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
    },
    close: () => out.close(),
    abort: () => out.abort?.(),
  });
}

function shortFloat32(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}
