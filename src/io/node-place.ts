/** A file that a library writes by itself: under a temporary name beside the target, which it gets when it is whole. */
import * as fs from "node:fs";
import { TempressError } from "../errors.ts";
import { existsError, ioError, place, statOf, temporaryBeside } from "./node-file.ts";

export interface PlacedFile {
  readonly temporary: string;
  place(): void;
  abort(): void;
}

/** @throws TempressError "io" when the target exists and `force` is not set, is no file, or cannot be written. */
export function placedFile(path: string, options: { force?: boolean | undefined }): PlacedFile {
  if (path === "-") {
    throw new TempressError("unsupported", "this format cannot go to standard output", {
      where: path,
      hint: "name a file",
    });
  }
  const present = statOf(path, "write");
  if (present?.isDirectory()) throw ioError({ code: "EISDIR" }, path, "write");
  if (present && !options.force) throw existsError(path);
  const temporary = temporaryBeside(path);
  try {
    if (present) fs.accessSync(path, fs.constants.W_OK);
    fs.closeSync(fs.openSync(temporary.name, "wx"));
  } catch (cause) {
    temporary.forget();
    throw ioError(cause, path, "write");
  }
  const abort = (): void => {
    fs.rmSync(temporary.name, { force: true });
    temporary.forget();
  };
  return {
    temporary: temporary.name,
    place() {
      try {
        place(temporary.name, path, options.force === true);
        temporary.forget();
      } catch (cause) {
        abort();
        if ((cause as { code?: string }).code === "EEXIST") throw existsError(path);
        throw ioError(cause, path, "write");
      }
    },
    abort,
  };
}
