import { type Codec, codecs, compress, decompress, TempressError, tensor } from "tempress";

/** Values in steps of twice the bound; each step's difference from the one before as bytes of 7 bits. */
const steps: Codec = {
  name: "steps",
  id: 200, // 128 to 255 are yours
  version: 1,
  stability: "experimental",
  summary: "steps of twice the bound, differences as bytes",
  keeps: ["abs"],
  dtypes: ["float32"],
  options: {},
  prepare: async () => undefined,
  encode({ frames, bound }) {
    const bytes: number[] = [];
    let last = 0;
    for (const value of frames.data as Float32Array) {
      const q = Math.round(value / (2 * bound.value));
      let code = q < last ? 2 * (last - q) - 1 : 2 * (q - last);
      for (; code > 127; code = Math.floor(code / 128)) bytes.push((code % 128) + 128);
      bytes.push(code);
      last = q;
    }
    return { sections: [{ name: "codes", bytes: Uint8Array.from(bytes) }] };
  },
  decode({ shape, bound, section }) {
    const bytes = section("codes");
    let [at, q] = [0, 0];
    const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1)).map(() => {
      let [code, unit] = [0, 1];
      for (let more = true; more; unit *= 128) {
        const byte = bytes[at++];
        if (byte === undefined) throw new TempressError("corrupt", "the codes end too early");
        code += (byte % 128) * unit;
        more = byte > 127;
      }
      q += code % 2 === 1 ? -(code + 1) / 2 : code / 2;
      return q * 2 * bound.value;
    });
    return tensor("float32", shape, values);
  },
};

codecs.register(steps);
const waves = tensor(
  "float32",
  [50, 40],
  new Float32Array(2000).map((_, i) => Math.sin(i / 25)),
);
const bytes = await compress(waves, { codec: "steps", abs: 0.001 });
const back = await decompress(bytes);
const worst = waves.data.reduce((most, value, i) => Math.max(most, Math.abs(value - back.data[i]!)), 0);
console.log(`${waves.data.byteLength} -> ${bytes.length} bytes, every value within 0.001: ${worst <= 0.001}`);
