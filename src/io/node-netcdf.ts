/** NetCDF files on this machine: version 3 by its own bytes, version 4 as the HDF5 file it is. */
import { TempressError } from "../errors.ts";
import type { ByteSource } from "../tensor/source.ts";
import type { Format } from "./format.ts";
import { netcdf3Source, netcdf3Variables } from "./netcdf3.ts";
import { isNetcdf3 } from "./netcdf3-header.ts";
import { netcdf3Sink } from "./netcdf3-write.ts";
import { openFile } from "./node-file.ts";
import { hdf5Variables, openDataset } from "./node-hdf5.ts";
import { isHdf5 } from "./node-hdf5-file.ts";
import { saveHdf5 } from "./node-hdf5-write.ts";
import { createBytes } from "./node-stream.ts";
import { extensionOf } from "./raw-name.ts";

/** Which of the two it is; the file is left open for version 3 only. */
async function kindOf(path: string): Promise<{ three: ByteSource | undefined }> {
  const bytes = openFile(path);
  const first = await bytes.read(0, Math.min(8, bytes.byteLength));
  if (isNetcdf3(first)) return { three: bytes };
  await bytes.close?.();
  if (isHdf5(first)) return { three: undefined };
  throw new TempressError("corrupt", "this is neither NetCDF-3 nor NetCDF-4", {
    where: path,
    hint: "such files begin with CDF or with HDF5's signature",
  });
}

export const netcdfFormat: Format = {
  name: "netcdf",
  extensions: ["nc", "nc4", "nc3", "cdf"],
  summary: "NetCDF 3 and 4",
  packs: true,
  async open(path, hint) {
    const { three } = await kindOf(path);
    if (!three) return await openDataset(path, hint.variable);
    try {
      return await netcdf3Source(three, hint.variable);
    } catch (error) {
      await three.close?.();
      throw error;
    }
  },
  async variables(path) {
    const { three } = await kindOf(path);
    if (!three) return await hdf5Variables(path);
    try {
      return await netcdf3Variables(three);
    } finally {
      await three.close?.();
    }
  },
  async save(path, like, options) {
    if (extensionOf(path) === "nc4") return await saveHdf5(path, like, options, "netcdf4");
    if (options.codec) {
      throw new TempressError("unsupported", "NetCDF-3 has no chunks that a codec could pack", {
        where: path,
        hint: "end it in .nc4",
      });
    }
    const out = createBytes(path, options);
    try {
      return await netcdf3Sink(out, like, options.variable, path);
    } catch (error) {
      await out.abort?.();
      throw error;
    }
  },
};
