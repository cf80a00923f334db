/** Which format a name means. */
import { TempressError } from "../errors.ts";
import { nearestName } from "../nearest.ts";
import type { FormatEntry } from "./format.ts";
import { formats } from "./formats.ts";
import { extensionOf } from "./raw-name.ts";

/**
 * The format of a path by its ending; `-` is raw and a folder is PNG frames.
 * @param known whether dtype and shape are given, so that a file with any other ending can be read as raw.
 * @throws TempressError "unsupported" that lists the formats there are.
 */
export function formatByName(
  path: string,
  known: { folder: boolean; rawGiven: boolean; writing?: boolean },
): FormatEntry {
  const all = formats.list();
  const named = (name: string): FormatEntry => all.find((format) => format.name === name)!;
  if (path === "-") return named("raw");
  // Later registrations win.
  const extension = extensionOf(path);
  const found = all.findLast((format) => format.extensions.includes(extension));
  if (found) return found;
  if (known.folder || path.endsWith("/")) return named("png");
  if (known.rawGiven) return named("raw");
  throw unknown(path, extension, all, known.writing === true);
}

function unknown(path: string, extension: string, all: FormatEntry[], writing: boolean): TempressError {
  const what = extension === "" ? "the name has no ending" : `the ending .${extension} is not known`;
  if (extension === "tpz") {
    const [message, hint] = writing
      ? ["a .tpz file is what compress writes", "name a file for the values, such as .npy or .raw"]
      : ["a .tpz file is compressed already", "decompress it first: tempress decompress FILE.tpz -o OUTPUT"];
    return new TempressError("unsupported", message, { where: path, hint });
  }
  const near = nearestName(
    extension,
    all.flatMap((format) => format.extensions),
  );
  const list = all.map(
    ({ name, extensions }) =>
      `${name} (${extensions.map((e) => `.${e}`).join(" ")}${name === "png" ? " or a folder/" : ""})`,
  );
  const guess = near === undefined ? "" : `did you mean .${near}? `;
  return new TempressError("unsupported", `${what}, so the format is not either`, {
    where: path,
    hint: `${guess}formats are ${list.join(", ")}${writing ? "" : "; with --shape and --dtype any file is read as raw"}`,
  });
}
