/** Folders as TEZIP's program has them: images, its three files, the network. */
import * as fs from "node:fs";
import { basename, extname, join } from "node:path";
import type { ArchiveBytes, Images } from "../compressor/tezip-program.ts";
import { TempressError } from "../errors.ts";
import { decodePng, encodePng } from "../io/index.ts";
import { ioError, statOf, temporaryBeside } from "../io/node-file.ts";
import { type Model, type NamedModel, readModel } from "../neural/model-file.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tensor } from "../tensor/tensor.ts";
import { contentOf } from "./train-keep.ts";

const WEIGHTS = "prednet_weights.hdf5";
const DESCRIPTION = "prednet_model.json";
/** What training writes. */
export const OWN_MODEL = "prednet.tpm";

/** A folder with Keras' two files, or with ours; or a .tpm file. "none" is no network: the last frame is the guess. */
export async function openNetwork(path: string): Promise<Model | undefined> {
  if (path === "none") return undefined;
  const stat = statOf(path, "read");
  if (stat && !stat.isDirectory()) return await ownModel(path);
  const there = (name: string) => statOf(join(path, name), "read") !== undefined;
  if (there(WEIGHTS)) {
    const [{ readKerasWeights }, { importKeras }] = await Promise.all([
      import("../io/node-keras.ts"),
      import("../neural/keras.ts"),
    ]);
    const saved = await readKerasWeights(join(path, WEIGHTS));
    const text = there(DESCRIPTION) ? new TextDecoder().decode(await contentOf(join(path, DESCRIPTION))) : undefined;
    return importKeras(text, saved, join(path, WEIGHTS));
  }
  if (there(OWN_MODEL)) return await ownModel(join(path, OWN_MODEL));
  throw new TempressError("io", "there is no network in this folder", {
    where: path,
    hint: `it should hold ${DESCRIPTION} and ${WEIGHTS}, or ${OWN_MODEL}; "none" does without`,
  });
}

async function ownModel(path: string): Promise<NamedModel> {
  return readModel(await contentOf(path), path);
}

/** All PNG images of a folder in the order of their names, as TEZIP sorts them: by code point. */
export async function readImages(folder: string): Promise<Images> {
  const names = listed(folder).filter((name) => /^[^.].*\.png$/i.test(name));
  if (names.length === 0) {
    throw new TempressError("io", "the folder holds no PNG images", { where: folder, hint: "other formats: convert" });
  }
  const images: Tensor[] = [];
  for (const name of names) images.push(await decodePng(await contentOf(join(folder, name)), join(folder, name)));
  const [first] = images as [Tensor];
  const each = first.data.length;
  const data = new Uint8Array(each * images.length);
  for (const [t, image] of images.entries()) {
    if (image.dtype !== "uint8" || image.shape.join() !== first.shape.join()) {
      throw new TempressError("unsupported", `this image is ${image.shape.join("x")} ${image.dtype}`, {
        where: join(folder, names[t]!),
        hint: `TEZIP takes 8-bit images of one size; the first is ${first.shape.join("x")} ${first.dtype}`,
      });
    }
    data.set(image.data as Uint8Array, t * each);
  }
  const [height, width, channels = 1] = first.shape as [number, number, number?];
  return { frames: { count: images.length, height, width, channels, data }, names };
}

/** Images under their recorded names; what was no PNG image gets that ending, so that nothing is lost. */
export async function writeImages(folder: string, { frames, names }: Images, replace: boolean): Promise<void> {
  const { height, width, channels, data } = frames;
  const each = height * width * channels;
  const files = new Map<string, Uint8Array>();
  for (const [t, name] of names.entries()) {
    const values = data.slice(t * each, (t + 1) * each);
    const shape = channels === 1 ? [height, width] : [height, width, channels];
    const png = /\.png$/i.test(name) ? name : `${basename(name, extname(name))}.png`;
    if (files.has(png)) {
      throw new TempressError("unsupported", `two images would be called ${png}`, { where: "filename.txt" });
    }
    files.set(png, await encodePng(tensor("uint8", shape, values)));
  }
  writeFolder(folder, files, replace, (name) => files.has(name));
}

export async function readArchiveFiles(folder: string, names: readonly (keyof ArchiveBytes)[]): Promise<ArchiveBytes> {
  const files: Partial<Record<keyof ArchiveBytes, Uint8Array>> = {};
  for (const name of names) files[name] = await contentOf(join(folder, name));
  return files as ArchiveBytes;
}

export function writeArchiveFiles(folder: string, files: ArchiveBytes, replace: boolean): void {
  writeFolder(folder, new Map(Object.entries(files)), replace, (name) => Object.hasOwn(files, name));
}

/**
 * A folder that is there whole or not at all. One that is there may be empty; with `replace` it may hold files that are
 * written anew.
 */
function writeFolder(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  replace: boolean,
  isOwn: (name: string) => boolean,
): void {
  const target = folder.replace(/\/+$/, "") || folder;
  if (statOf(target, "write")) {
    const there = listed(target);
    if (there.length > 0 && !replace) throw occupied(target);
    const foreign = there.find((name) => !isOwn(name));
    if (foreign !== undefined) {
      throw new TempressError("io", `the folder holds other files (${foreign})`, {
        where: target,
        hint: "choose a new folder",
      });
    }
  }
  const temporary = temporaryBeside(target);
  try {
    fs.mkdirSync(temporary.name);
    for (const [name, bytes] of files) fs.writeFileSync(join(temporary.name, name), bytes);
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(temporary.name, target);
  } catch (cause) {
    fs.rmSync(temporary.name, { recursive: true, force: true });
    throw cause instanceof TempressError ? cause : ioError(cause, target, "write");
  } finally {
    temporary.forget();
  }
}

function listed(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort((a, b) => (a < b ? -1 : 1));
  } catch (cause) {
    throw ioError(cause, folder, "read");
  }
}

function occupied(folder: string): TempressError {
  return new TempressError("io", "the folder is not empty", {
    where: folder,
    hint: "use --replace, or choose a new one",
  });
}
