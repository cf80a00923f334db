/** Section `side` of a chunk of `external_compressor`: which program made it, and what it was told. JSON, checked. */
import { TempressError } from "../errors.ts";
import type { SideIo } from "./external-program.ts";
import { isProgramName, type WorkerOptions } from "./worker-protocol.ts";

type StoredIo = Pick<SideIo, "io" | "field" | "write">;

export interface Side {
  readonly launch: "forkexec" | "worker";
  /** By this name the reader finds a program that it trusts. */
  readonly program: string;
  readonly version: string;
  readonly options: WorkerOptions;
  readonly io?: { readonly uncompressed: StoredIo; readonly compressed: StoredIo };
}

export function writeSide(side: Side): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(side));
}

/** @throws TempressError "corrupt" */
export function readSide(bytes: Uint8Array): Side {
  let read: Partial<Side> | null;
  try {
    read = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Partial<Side> | null;
  } catch {
    throw damaged("it is no JSON");
  }
  const { launch, program, version, options, io } = read ?? {};
  if (launch !== "forkexec" && launch !== "worker") throw damaged("it names no way to launch");
  if (typeof program !== "string" || !isProgramName(program)) throw damaged("it names no program");
  if (typeof version !== "string" || typeof options !== "object" || options === null)
    throw damaged("parts are missing");
  if (io === undefined) return { launch, program, version, options };
  return {
    launch,
    program,
    version,
    options,
    io: { uncompressed: ioOf(io.uncompressed), compressed: ioOf(io.compressed) },
  };
}

function ioOf(given: Partial<StoredIo> | undefined): StoredIo {
  const { io, field, write } = given ?? {};
  const named = typeof field === "string" && /^[\w.-]{0,64}$/.test(field);
  if ((io !== "posix" && io !== "numpy") || !named || typeof write !== "boolean") throw damaged("its io is unknown");
  return { io, field, write };
}

function damaged(why: string): TempressError {
  return new TempressError("corrupt", `the section does not say which program made the chunk: ${why}`, {
    where: "section side",
  });
}
