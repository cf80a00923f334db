/** Inputs and outputs of `tempress external` on disk. */
import * as fs from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { basename, join } from "node:path";
import { TempressError } from "../errors.ts";
import { ioError, openFile, writeAll } from "../io/node-file.ts";
import type { ExternalFiles } from "./external-answer.ts";

/** Names of LibPressio's temporary inputs: it removes them after it has read the outputs. */
const TEMPORARY_INPUT = /\.pressioin[A-Za-z0-9]{6}/;
/** LibPressio removes no output; ours that are older than this are left over. */
const LEFT_OVER_MS = 10 * 60_000;

/**
 * An output goes where `--output` says; else over LibPressio's own temporary input, which LibPressio removes when it
 * has read the output; else into a folder of this user, which is swept. So nothing is left behind for long.
 */
export const diskFiles: ExternalFiles = {
  open: (path) => openFile(path),
  save(bytes, index, wanted, input) {
    const temporary = TEMPORARY_INPUT.test(basename(input)) && isOwnFile(input);
    const path = wanted ?? (temporary ? input : newOutput(index));
    write(path, bytes, wanted === undefined && !temporary);
    return path;
  },
  failed() {
    try {
      const path = join(ownFolder(), "failed");
      if (fs.statSync(path, { throwIfNoEntry: false })?.size !== 1) write(path, Uint8Array.of(0), false);
      return path;
    } catch {
      return undefined;
    }
  },
};

function isOwnFile(path: string): boolean {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.nlink === 1 && found.uid === userInfo().uid;
}

/** No link is followed: what stands at the end of the path is a plain file, or is made one. */
function write(path: string, bytes: Uint8Array, isNew: boolean): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW } = fs.constants;
  try {
    const fd = fs.openSync(path, O_WRONLY | O_CREAT | (O_NOFOLLOW ?? 0) | (isNew ? O_EXCL : O_TRUNC), 0o600);
    try {
      writeAll(fd, bytes);
    } finally {
      fs.closeSync(fd);
    }
  } catch (cause) {
    throw ioError(cause, path, "write");
  }
}

function newOutput(index: number): string {
  const folder = ownFolder();
  const now = Date.now();
  for (const name of fs.readdirSync(folder)) {
    const found = fs.statSync(join(folder, name), { throwIfNoEntry: false });
    if (name !== "failed" && found && now - found.mtimeMs > LEFT_OVER_MS)
      fs.rmSync(join(folder, name), { force: true });
  }
  return join(folder, `${process.pid}-${now}-${index}`);
}

/** A folder that nobody else can write into. */
function ownFolder(): string {
  const { uid } = userInfo();
  const path = join(tmpdir(), `tempress-external-${uid}`);
  try {
    fs.mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = fs.lstatSync(path);
    if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0) return path;
  } catch (cause) {
    throw ioError(cause, path, "write");
  }
  throw new TempressError("io", "this folder belongs to somebody else, or others may write into it", {
    where: path,
    hint: "remove it, or set TMPDIR to a folder of your own",
  });
}
