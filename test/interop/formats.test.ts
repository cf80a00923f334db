/** Files of other programs' libraries read here, and files written here read by them: h5py, netCDF4, zarr, SciPy, tifffile. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { openTensor, saveTensor } from "../../src/io/index.ts";
import { listVariables } from "../../src/io/node-open.ts";
import { emptyTensor, type Tensor } from "../../src/tensor/tensor.ts";
import { needsPython } from "../optional.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "tempress-interop-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Runs a program in the folder; what it prints. `a` is the array 0, 1, 2, ... of shape 4 x 5 x 6. */
function python(program: string): string {
  const start = "import numpy as np\na = np.arange(4 * 5 * 6, dtype='f4').reshape(4, 5, 6)\n";
  const { stdout, stderr, status } = spawnSync("python3", ["-c", start + program], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

async function frame(path: string, t: number): Promise<number[]> {
  const source = await openTensor(at(path));
  const { data } = await source.read(t, t + 1);
  await source.close?.();
  return Array.from(data as Float32Array, Number);
}

async function about(path: string) {
  const { dtype, shape, axes, attributes, fill, close } = await openTensor(at(path));
  await close?.();
  return { dtype, shape, axes, attributes, fill };
}

const COUNTED = Array.from({ length: 30 }, (_, i) => 60 + i);

function counting(): Tensor {
  const t = emptyTensor("float32", [4, 5, 6]);
  t.data.forEach((_, i, all) => {
    (all as Float32Array)[i] = i;
  });
  return {
    ...t,
    ...{ name: "v", axes: ["time", "lat", "lon"] },
    attributes: { units: "K", _FillValue: "-999", "tempress:types": "_FillValue=float32" },
  };
}

async function save(name: string): Promise<void> {
  const sink = await saveTensor(at(name), counting());
  await sink.write(counting());
  await sink.close();
}

needsPython("h5py").it("h5py: groups, filters, byte orders, booleans, attributes", async () => {
  python(`import h5py
with h5py.File('a.h5', 'w') as f:
  d = f.create_group('g').create_dataset('v', data=a, chunks=(1, 5, 6), compression='gzip', shuffle=True, fletcher32=True)
  d.attrs['units'] = 'm/s'; d.attrs['scale'] = 0.1; d.attrs['flags'] = np.array([1, 2], 'u1')
  f['big'] = a.astype('>f8'); f['wide'] = a.astype('i8'); f['mask'] = a > 60; f['one'] = 5.0; f['text'] = 'hello'; f['half'] = a.astype('f2')`);
  expect((await about("a.h5:g/v")).attributes).toMatchObject({ units: "m/s", scale: "0.1", flags: "1 2" });
  for (const name of ["g/v", "big", "wide"]) expect(await frame(`a.h5:${name}`, 2)).toEqual(COUNTED);
  expect(await frame("a.h5:mask", 2)).toEqual(COUNTED.map((value) => Number(value > 60)));
  expect(await frame("a.h5:one", 0)).toEqual([5]);
  await expect(openTensor(at("a.h5:half"))).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("float16"),
  });
  for (const name of ["b.h5", "b.hkl"]) await save(name);
  const check = (file: string, path: string) =>
    python(
      `import h5py; f = h5py.File('${file}', 'r'); print(np.array_equal(f['${path}'][:], a), f['${path}'].attrs['units'], f['${path}'].chunks)`,
    );
  expect(check("b.h5", "v")).toBe("True K (4, 5, 6)");
  expect(check("b.hkl", "data")).toBe("True K (4, 5, 6)");
});

needsPython("netCDF4").it("netCDF4: every version, records, dimensions, fill values", async () => {
  python(`import netCDF4
for version in ['NETCDF4', 'NETCDF3_CLASSIC', 'NETCDF3_64BIT_OFFSET', 'NETCDF3_64BIT_DATA']:
  with netCDF4.Dataset(version + '.nc', 'w', format=version) as f:
    f.createDimension('time', None); f.createDimension('lat', 5); f.createDimension('lon', 6); f.title = 'test'
    f.createVariable('lat', 'f4', ('lat',))[:] = np.arange(5)
    v = f.createVariable('temp', 'f4', ('time', 'lat', 'lon'), fill_value=-999.)
    v.units = 'K'; v.scale_factor = np.float32(0.5); v.add_offset = np.float32(3); v.set_auto_maskandscale(False); v[:] = a
    f.createVariable('q', 'i2', ('time', 'lon'))[:] = np.arange(24).reshape(4, 6)`);
  for (const version of ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]) {
    expect(await about(`${version}.nc:temp`), version).toMatchObject({
      ...{ dtype: "float32", shape: [4, 5, 6], axes: ["time", "lat", "lon"], fill: -999 },
      attributes: { units: "K", scale_factor: "0.5", add_offset: "3", _FillValue: "-999", "/title": "test" },
    });
    expect(await frame(`${version}.nc:temp`, 2), version).toEqual(COUNTED);
    expect(await frame(`${version}.nc:q`, 3), version).toEqual([18, 19, 20, 21, 22, 23]);
    const names = (await listVariables(at(`${version}.nc`)))!.filter(({ secondary }) => !secondary);
    expect(names.map(({ name }) => name.replace("/", "")).sort(), version).toEqual(["q", "temp"]);
  }
  for (const [name, kind] of [
    ["b.nc", "NETCDF3_64BIT_OFFSET"],
    ["b.nc4", "NETCDF4"],
  ] as const) {
    await save(name);
    const printed = python(`import netCDF4; f = netCDF4.Dataset('${name}'); v = f['v']; v.set_auto_mask(False)
print(f.data_model, np.array_equal(v[:], a), v.dimensions, v.units, v._FillValue, len(f.variables))`);
    expect(printed).toBe(`${kind} True ('time', 'lat', 'lon') K -999.0 1`);
  }
});

needsPython("zarr").it("zarr: version 2 with blosc, gzip and filters, either order", async () => {
  python(`import zarr, numcodecs
g = zarr.open_group('a.zarr', 'w')
g.create_dataset('blosc', data=a, chunks=(3, 2, 4)).attrs['_ARRAY_DIMENSIONS'] = ['t', 'y', 'x']
g.create_dataset('gzip', data=a, chunks=(3, 5, 6), compressor=numcodecs.GZip(5), order='F')
g.create_dataset('zstd', data=a.astype('>i4'), chunks=(1, 5, 6), compressor=numcodecs.Zstd(3), fill_value=-1)
g.create_dataset('plain', data=a > 3, chunks=(2, 2, 2), compressor=None)`);
  expect(await about("a.zarr:blosc")).toMatchObject({ axes: ["t", "y", "x"], shape: [4, 5, 6] });
  for (const name of ["blosc", "gzip", "zstd"]) expect(await frame(`a.zarr:${name}`, 2), name).toEqual(COUNTED);
  expect((await about("a.zarr:zstd")).fill).toBe(-1);
  expect((await frame("a.zarr:plain", 0)).slice(0, 6)).toEqual([0, 0, 0, 0, 1, 1]);
});

needsPython("scipy").it("SciPy: MATLAB 5, compressed or not, and its NetCDF", async () => {
  python(`import scipy.io
for packed in (False, True):
  scipy.io.savemat('m%d.mat' % packed, {'v': a, 'small': np.arange(6.).reshape(2, 3), 'text': 'hello', 'flag': a > 3, 'z': a + 1j}, do_compression=packed)
f = scipy.io.netcdf_file('s.nc', 'w'); f.createDimension('t', None); f.createDimension('x', 6)
f.createVariable('v', 'f', ('t', 'x'))[:] = a[0]; f.close()`);
  for (const name of ["m0.mat", "m1.mat"]) {
    expect(await frame(`${name}:v`, 2)).toEqual(COUNTED);
    expect(await frame(`${name}:small`, 1)).toEqual([3, 4, 5]);
    expect((await about(`${name}:flag`)).dtype).toBe("bool");
    for (const other of ["text", "z"])
      await expect(openTensor(at(`${name}:${other}`))).rejects.toMatchObject({ code: "unsupported" });
  }
  expect(await frame("s.nc", 4)).toEqual([24, 25, 26, 27, 28, 29]);
  for (const name of ["b.mat", "b.nc"]) await save(name);
  expect(python("import scipy.io; print(np.array_equal(scipy.io.loadmat('b.mat')['v'], a))")).toBe("True");
  expect(
    python("import scipy.io; print(np.array_equal(scipy.io.netcdf_file('b.nc', mmap=False).variables['v'][:], a))"),
  ).toBe("True");
});

needsPython("tifffile").it("tifffile: stacks packed, tiled, of either byte order", async () => {
  python(`import tifffile
tifffile.imwrite('plain.tif', a, photometric='minisblack')
tifffile.imwrite('big.tif', a.astype('>u2'), byteorder='>', bigtiff=True, photometric='minisblack')
tifffile.imwrite('zlib.tif', a.astype('i4'), compression='zlib', photometric='minisblack')
tifffile.imwrite('tiles.tif', a.astype('u1'), tile=(16, 16), photometric='minisblack')
tifffile.imwrite('rgb.tif', np.zeros((5, 6, 3), 'u1') + 7, photometric='rgb')`);
  for (const name of ["plain.tif", "big.tif", "zlib.tif", "tiles.tif"])
    expect(await frame(name, 2), name).toEqual(COUNTED);
  expect(await about("rgb.tif")).toMatchObject({ dtype: "uint8", shape: [1, 5, 6, 3] });
  await save("b.tif");
  expect(
    python(
      "import tifffile; print(np.array_equal(tifffile.imread('b.tif'), a), len(tifffile.TiffFile('b.tif').pages))",
    ),
  ).toBe("True 4");
});
