/** TEZIP's own program and files, for the command line; loaded when it is asked for. */
export type * from "../codecs/tezip-classic-program.ts";

export async function tezipProgram() {
  const program = await import("../codecs/tezip-classic-program.ts");
  await program.prepareProgram();
  return program;
}
