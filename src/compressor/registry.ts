/** The registry of codecs. Their code is loaded when it is first used. */
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import type { Codec } from "./codec.ts";
import { WRAPPERS } from "./wrap/entries.ts";

interface Entry {
  readonly name: string;
  readonly id: number;
  /** Endings of bare files, without the dot. */
  readonly bare?: readonly string[];
  /** Does nothing without a program from outside; in Node only. */
  readonly outside?: boolean;
  readonly wraps?: boolean;
  load(): Promise<Codec>;
}

const entries = new Map<string, Entry>();
/** Codecs that worker threads cannot load, or should not: one's own, and those that wait for other programs. */
const own = new Set<string>();

for (const entry of [
  { name: "tezip", id: 10, load: async () => (await import("../codecs/tezip.ts")).tezip },
  { name: "zstd", id: 2, load: async () => (await import("../codecs/zstd.ts")).zstd },
  { name: "gzip", id: 3, load: async () => (await import("../codecs/gzip.ts")).gzip },
  { name: "zfp", id: 11, bare: ["zfp"], load: async () => (await import("../codecs/zfp.ts")).zfp },
  { name: "sz3", id: 12, bare: ["sz", "sz3"], load: async () => (await import("../codecs/sz3.ts")).sz3 },
  { name: "tthresh", id: 13, bare: ["tth"], load: async () => (await import("../codecs/tthresh.ts")).tthresh },
  { name: "tezip_classic", id: 14, load: async () => (await import("../codecs/tezip-classic.ts")).tezipClassic },
  { name: "noop", id: 1, load: async () => (await import("../codecs/noop.ts")).noop },
  {
    name: "external_compressor",
    id: 32,
    outside: true,
    load: async () => (await import("../bridge/external-codec.ts")).externalCompressor,
  },
  ...WRAPPERS.map((entry) => ({ ...entry, wraps: true })),
] as Entry[]) {
  entries.set(entry.name, entry);
  if (entry.outside) own.add(entry.name);
}

export const codecs = {
  /** Those that work by themselves. */
  names: (): string[] =>
    [...entries.values()].filter(({ outside, wraps }) => !outside && !wraps).map(({ name }) => name),
  /** Those that hand their values to others. */
  wrappers: (): string[] => [...entries.values()].filter(({ wraps }) => wraps).map(({ name }) => name),
  /** Those that ask programs from outside. */
  outside: (): string[] => [...entries.values()].filter(({ outside }) => outside).map(({ name }) => name),
  /** Loads a codec; an unknown name is a typed error with the nearest one. */
  get(name: string): Promise<Codec> {
    const entry = entries.get(name);
    if (entry) return entry.load();
    throw new TempressError("invalid-argument", `there is no codec "${name}"`, {
      where: "codec",
      hint: suggestion(name, entries.keys()),
    });
  },
  /** The codec whose bare files end so (".sz" without the dot). */
  forBare: (extension: string): string | undefined =>
    [...entries.values()].find(({ bare }) => bare?.includes(extension))?.name,
  /**
   * Adds a codec of one's own. Ids 128..255 are free for that; name and id must be new.
   * @throws TempressError "invalid-argument"
   */
  register(codec: Codec): void {
    const wrong = (message: string, hint: string) =>
      new TempressError("invalid-argument", message, { where: "register", hint });
    if (!/^[a-z][a-z0-9_]*$/.test(codec.name)) {
      throw wrong(`"${codec.name}" cannot be a codec's name`, "use lower-case letters, digits and _");
    }
    if (!Number.isInteger(codec.id) || codec.id < 128 || codec.id > 255) {
      throw wrong(`id ${codec.id} of codec "${codec.name}" is not free`, "use a whole number in 128..255");
    }
    for (const { name, id } of entries.values()) {
      if (name === codec.name) throw wrong(`there is a codec "${name}" already`, "choose another name");
      if (id === codec.id) throw wrong(`codec "${name}" has id ${id} already`, "choose another id in 128..255");
    }
    const stray = Object.keys(codec.options).find((key) => !key.startsWith(`${codec.name}:`));
    if (stray !== undefined) throw wrong(`option "${stray}" lacks its prefix`, `call it "${codec.name}:${stray}"`);
    entries.set(codec.name, { name: codec.name, id: codec.id, load: async () => codec });
    own.add(codec.name);
  },
  isOwn: (name: string): boolean => own.has(name),
  /** Whether every worker thread finds this codec too. */
  isBuiltIn: (name: string): boolean => entries.has(name) && !own.has(name),
  /** The codec that a file names, in a version that reads its streams. */
  async forFile(wanted: { readonly id: number; readonly name: string; readonly version: number }): Promise<Codec> {
    // Own codecs may share an id between programs: there the name must agree too.
    const entry = [...entries.values()].find(({ id, name }) => id === wanted.id && (id < 128 || name === wanted.name));
    if (!entry) {
      throw new TempressError("unsupported", `the file was written by codec "${wanted.name}" (id ${wanted.id})`, {
        where: "header",
        hint: wanted.id < 128 ? "install a newer tempress" : `register the codec "${wanted.name}" before reading`,
      });
    }
    const codec = await entry.load();
    if (wanted.version <= codec.version && wanted.version >= 1) return codec;
    throw new TempressError("unsupported", `the file needs version ${wanted.version} of codec "${codec.name}"`, {
      where: "header",
      hint: `this program reads versions 1 to ${codec.version}; install a newer tempress`,
    });
  },
};
