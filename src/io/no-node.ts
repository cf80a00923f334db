/**
 * Stands in for the files that only Node can run when a bundler builds for pages (package.json, "browser"): loading
 * it is a typed error, where a bundler would otherwise stop at `node:fs`.
 */
import { TempressError } from "../errors.ts";

throw new TempressError("unsupported", "files and worker threads need Node", {
  where: "tempress/io",
  hint: "in a page give bytes or a ByteSource: openArchive, npySource, rawSource, imageSource",
});
