/**
 * Who may import whom. Data flow one way: file -> tensor -> predict or transform -> quantize -> entropy -> container,
 * and each room can be read without the others. What breaks a rule here is in the wrong room, or needs the rule
 * changed in ARCHITECTURE.md first.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");

/** The codec contract: plain data that codecs are made of, and what the container stores of it. */
const CONTRACT = ["compressor/codec.ts", "compressor/schema.ts", "compressor/part.ts", "compressor/models.ts"];
const GROUND = ["tensor", "errors.ts", "phases.ts", "wasm"];

interface Room {
  /** Rooms or single files, beside the room itself. */
  readonly imports: readonly string[];
  /** Only as `import type`. */
  readonly types?: readonly string[];
  /** Only as `import()`. */
  readonly lazily?: readonly string[];
}

/** A bound is what a quantizer works with and a predictor is chosen for: they take its type, not its checks. */
const STAGE: Room = { imports: GROUND, types: ["promise"] };
const STAGES = ["predict", "transform", "quantize", "entropy", "neural"];

const ROOMS: Readonly<Record<string, Room>> = {
  "errors.ts": { imports: [] },
  "nearest.ts": { imports: ["errors.ts"] },
  "phases.ts": { imports: [] },
  wasm: { imports: ["errors.ts"] },
  tensor: { imports: GROUND },
  promise: { imports: GROUND },
  predict: STAGE,
  transform: STAGE,
  quantize: STAGE,
  entropy: STAGE,
  // Networks know neither codecs nor files of data: what they train on is handed to them.
  neural: { imports: [...GROUND, "nearest.ts"] },
  container: { imports: [...GROUND, ...CONTRACT], types: ["promise"] },
  // The one place that joins stages. Side information is written with the container's cursor, not with a second one.
  codecs: { imports: [...GROUND, ...STAGES, ...CONTRACT, "container/cursor.ts"], types: ["promise"] },
  // Options of metrics are declared like those of codecs.
  metrics: { imports: [...GROUND, "nearest.ts", "compressor/schema.ts"], lazily: ["bridge"] },
  // Chunks of other stores that hold streams of ours are decoded where the streams are known.
  io: { imports: [...GROUND, "nearest.ts"], lazily: ["stores"], types: ["stores"] },
  stores: { imports: [...GROUND, "compressor", "codecs/zfp-index.ts"] },
  compressor: {
    imports: [...GROUND, "nearest.ts", "promise", "container", "metrics"],
    lazily: ["codecs", "bridge"],
  },
  // Other programs, as our compressors and as our callers. Nothing below may know that they are there.
  bridge: { imports: [...GROUND, "nearest.ts", "compressor", "io", "metrics"], types: ["promise"] },
  cli: {
    imports: [...GROUND, "nearest.ts", "compressor", "container", "io", "metrics", "bridge", "neural"],
    types: ["promise"],
  },
  "index.ts": { imports: [...GROUND, "compressor", "io", "metrics", "promise"], types: ["container"] },
};

/** Files that run in Node only. Everything else runs in a page too. */
const NODE_ONLY = /^src\/(io\/node|cli\/|bridge\/|neural\/train|compressor\/node-)/;

/** Longer than 350 lines, and why that is still one thing. */
const LONG: Readonly<Record<string, string>> = {};

type Kind = "value" | "type" | "lazy";
interface Import {
  readonly from: string;
  /** Path from the root for files of the project, else the package's name. */
  readonly to: string;
  readonly kind: Kind;
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

/** Twins are for tests, and join what their kernels join: those of a module are compiled together. */
const isTwin = (path: string) => path.endsWith(".reference.ts");
const isSource = (path: string) => !/\.(test|generated|reference)\.ts$/.test(path);
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");

function importsOf(path: string): Import[] {
  const text = withoutComments(read(path));
  const found: { kind: Kind; name: string }[] = [];
  for (const [, type, name] of text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm)) {
    found.push({ kind: type ? "type" : "value", name: name! });
  }
  for (const [, name] of text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)) found.push({ kind: "lazy", name: name! });
  return found.map(({ kind, name }) => ({
    from: path,
    to: name.startsWith(".") ? join(dirname(path), name).replaceAll("\\", "/") : name,
    kind,
  }));
}

/** `src/io/raw.ts` is in the room "io", `src/errors.ts` is a room of its own. */
const roomOf = (path: string) => path.split("/")[1]!;
const inSrc = (path: string) => path.startsWith("src/");
const shown = ({ from, to, kind }: Import) => `${from} -> ${to}${kind === "value" ? "" : ` (${kind})`}`;

const sources = filesIn("src").filter(isSource);
const kernels = filesIn("kernels");
const imports = sources.flatMap(importsOf);

describe("the rooms of src/", () => {
  it("are the known ones", () => {
    expect(sources.filter((path) => !Object.hasOwn(ROOMS, roomOf(path)))).toEqual([]);
  });

  it("import only the rooms below them", () => {
    const matches = (rules: readonly string[] | undefined, to: string) =>
      rules?.some((rule) => to === `src/${rule}` || to.startsWith(`src/${rule}/`)) ?? false;
    const wrong = imports.filter(({ from, to, kind }) => {
      const room = ROOMS[roomOf(from)];
      if (!room || !inSrc(to) || roomOf(to) === roomOf(from)) return false;
      if (matches(room.imports, to)) return false;
      return !(kind === "type" ? matches(room.types, to) : kind === "lazy" && matches(room.lazily, to));
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it("leave joining stages to codecs/", () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        inSrc(to) &&
        STAGES.includes(roomOf(to)) &&
        roomOf(from) !== roomOf(to) &&
        roomOf(from) !== "codecs" &&
        // Training is a verb of its own: no codec has part in it.
        !(roomOf(from) === "cli" && roomOf(to) === "neural"),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  it("import nothing outside src/ but declared dependencies", () => {
    type Names = Record<string, string>;
    const { dependencies, peerDependencies } = JSON.parse(read("package.json")) as Record<string, Names>;
    /** Packages that users add themselves are loaded when they are used, in one place, which says so if they are not there. */
    const optional = ({ from, to, kind }: Import) =>
      Object.hasOwn(peerDependencies!, to) && kind !== "value" && from.startsWith("src/neural/train-");
    const wrong = imports.filter(
      (one) =>
        !inSrc(one.to) &&
        !one.to.startsWith("node:") &&
        !optional(one) &&
        !Object.hasOwn(dependencies!, one.to.replace(/^([^@/]+|@[^/]+\/[^/]+)\/.*/, "$1")),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  it("run without their twins", () => {
    expect(imports.filter(({ to }) => isTwin(to)).map(shown)).toEqual([]);
  });

  it("import without cycles", () => {
    const next = new Map<string, string[]>();
    for (const { from, to, kind } of imports) {
      // Types are gone when the program runs; what a registry loads when it is asked may look into the registry.
      if (kind === "value" && inSrc(to)) next.set(from, [...(next.get(from) ?? []), to]);
    }
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(" -> "));
      else if (!done.has(path)) for (const to of next.get(path) ?? []) visit(to, [...way, path]);
      done.add(path);
    };
    for (const path of sources) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe("what runs in a page", () => {
  it("imports nothing of Node", () => {
    const wrong = imports.filter(({ from, to }) => to.startsWith("node:") && !NODE_ONLY.test(from));
    expect(wrong.map(shown)).toEqual([]);
  });

  it("reaches Node's part by import() only", () => {
    const wrong = imports.filter(
      ({ from, to, kind }) => kind === "value" && NODE_ONLY.test(to) && !NODE_ONLY.test(from),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  it("asks whether there is a Buffer or a process before it uses them", () => {
    const wrong = sources.filter((path) => {
      if (NODE_ONLY.test(path)) return false;
      const text = withoutComments(read(path));
      return ["Buffer", "process"].some(
        (name) => new RegExp(`\\b${name}\\.`).test(text) && !text.includes(`typeof ${name} !== "undefined"`),
      );
    });
    expect(wrong).toEqual([]);
  });
});

describe("kernels/", () => {
  it("has the rooms of src/", () => {
    const rooms = new Set(sources.map(roomOf));
    // memory/ is what asc keeps to itself, the start of the heap; src/wasm/ is its other side.
    const folders = kernels.filter((path) => path.split("/").length > 2).map(roomOf);
    expect(folders.filter((room) => room !== "memory" && !rooms.has(room))).toEqual([]);
  });

  it("stands alone: numbers cross, not code", () => {
    const wrong = kernels.flatMap(importsOf).filter(({ to }) => !to.startsWith("kernels/"));
    expect(wrong.map(shown)).toEqual([]);
  });

  it("builds every kernel into a module", () => {
    const byName = new Map(kernels.map((path) => [path.slice(0, -".ts".length), path]));
    const used = new Set<string>(["kernels/memory/heap.ts"]);
    const visit = (path: string): void => {
      if (used.has(path)) return;
      used.add(path);
      for (const { to } of importsOf(path)) visit(byName.get(to) ?? to);
    };
    for (const path of kernels) if (path.split("/").length === 2) visit(path);
    expect(kernels.filter((path) => !used.has(path))).toEqual([]);
  });
});

it("no file of src/ or kernels/ is over 350 lines", () => {
  const long = [...filesIn("src").filter((path) => !path.endsWith(".generated.ts")), ...kernels]
    .map((path) => [path, read(path).trimEnd().split("\n").length] as const)
    .filter(([path, lines]) => lines > 350 && !Object.hasOwn(LONG, path));
  expect(long).toEqual([]);
});
