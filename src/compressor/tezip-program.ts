/** TEZIP's own program and files, for the command line; loaded when it is asked for. */
type Program = typeof import("../codecs/tezip-classic-program.ts");

/** 8-bit images with their names; grey or RGB. */
export type Images = Parameters<Program["compressImages"]>[0];
export type ClassicBound = Parameters<Program["compressImages"]>[2];
export type Mode = ClassicBound["mode"];
export type Arithmetic = ClassicBound["arithmetic"];
/** TEZIP's three files. */
export type ArchiveBytes = Parameters<Program["decompressImages"]>[0];

export async function tezipProgram(): Promise<Program> {
  const program = await import("../codecs/tezip-classic-program.ts");
  await program.prepareProgram();
  return program;
}
