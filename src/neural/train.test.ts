import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/tensor.ts";
import { networkFrom } from "./networks.ts";
import { random } from "./random.ts";
import { type Recording, Sampler, splitSequences } from "./recordings.ts";
import { type TrainOptions, train } from "./train.ts";
import { readCheckpoint, writeCheckpoint } from "./train-checkpoint.ts";
import { recordingsOf } from "./train-data.ts";
import { SMALL_WARP } from "./warp.ts";

const SIDE = 24;
/** A bump that moves one pixel a frame to the right. */
function moving(frames: number): Recording {
  const original = Float32Array.from({ length: frames * SIDE * SIDE }, (_, i) => {
    const [x, y, t] = [i % SIDE, Math.floor(i / SIDE) % SIDE, Math.floor(i / SIDE / SIDE)];
    return Math.sin(0.5 * (x - t)) * Math.cos(0.3 * y);
  });
  const decoded = [{ bound: 0.01, values: original.map((x) => 0.02 * Math.round(x / 0.02)) }];
  return { name: "bump", frames, channels: 1, height: SIDE, width: SIDE, original, decoded };
}

const options: TrainOptions = {
  architecture: { ...SMALL_WARP, body: 4, refine: 4, dilations: [1, 2] },
  loss: "bits",
  frames: 5,
  batch: 4,
  crop: 16,
  steps: 100,
  seconds: 600,
  rate: 0.01,
  schedule: "cosine",
  seed: 1,
  validation: 0.25,
  augment: false,
  patience: 100,
  threads: 1,
};

describe("training", () => {
  it("learns a motion: residuals take fewer bits than those of the previous frame", async () => {
    const { rounds, why } = await train([moving(20)], options);
    const last = rounds.at(-1)!;
    expect(why).toBe("steps");
    expect(last.error).toBeLessThan(0.5);
    expect(last.bits).toBeLessThan(last.bitsOfPrevious - 0.5);
  }, 60_000);

  it("goes on after a stop as if there had been none", async () => {
    const short = { ...options, steps: 20, batch: 2 };
    const whole = await train([moving(20)], short);
    const stop = new AbortController();
    let steps = 0;
    const stopped = await train([moving(20)], short, {
      signal: stop.signal,
      onStep: () => void (++steps === 10 && stop.abort()),
    });
    expect(stopped.why).toBe("stopped");
    const file = writeCheckpoint(options.architecture, "deviation", {}, stopped.state);
    const resume = readCheckpoint(file, options.architecture, "run");
    const rest = await train([moving(20)], { ...short, resume });
    expect(rest.state.weights).toEqual(whole.state.weights);
    expect(() => readCheckpoint(file, SMALL_WARP, "run")).toThrow(/another network/);
  }, 60_000);

  it("says what the data lack", async () => {
    await expect(train([moving(3)], options)).rejects.toThrow(/no sequence has 4 frames/);
    const two = { ...moving(20), channels: 2 };
    await expect(train([moving(20), two], options)).rejects.toThrow(/1 and 2 channels/);
  });
});

describe("recordings", () => {
  const decode = async (original: Parameters<Parameters<typeof recordingsOf>[1]["decode"]>[0]) => ({
    decoded: original,
    abs: 1,
  });

  it("keeps sequences whole in one part of the split", () => {
    const { train, validate } = splitSequences([moving(40)], 5, 0.25, 3);
    const firsts = (list: readonly { first: number }[]) => list.map(({ first }) => first);
    expect(validate.length).toBe(2);
    expect([...firsts(train), ...firsts(validate)].sort((a, b) => a - b)).toEqual([0, 5, 10, 15, 20, 25, 30, 35]);
  });

  it("leaves missing values out of the loss and shows the network zeros", async () => {
    const data = Float32Array.from({ length: 4 * 8 * 8 }, (_, i) => (i % 7 === 0 ? -999 : i % 5 === 0 ? NaN : i));
    const given = tensor("float32", [4, 8, 8], data);
    const [recording] = await recordingsOf(given, {
      name: "x",
      bounds: [{ abs: 1 }],
      decode,
      fill: -999,
      together: false,
    });
    const shape = { batch: 2, frames: 4, height: 8, width: 8 };
    const sampler = new Sampler(splitSequences([recording!], 4, 0, 1).train, shape, 3, "deviation", true);
    const { frames, targets, mask } = sampler.batch(random(1));
    expect([...frames, ...targets, ...mask].every(Number.isFinite)).toBe(true);
    expect(mask.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    const missing = data.subarray(3 * 64).filter((x) => x === -999 || Number.isNaN(x)).length;
    expect(mask.filter((x) => x > 0).length).toBe(2 * (64 - missing));
  });

  it("knows channels last by their name, and takes levels apart", async () => {
    const data = Float32Array.from({ length: 2 * 3 * 4 * 3 }, (_, i) => i);
    const colours = { ...tensor("float32", [2, 3, 4, 3], data), axes: ["t", "y", "x", "rgb"] };
    const more = { name: "x", bounds: [{ abs: 1 }], decode };
    const [rgb] = await recordingsOf(colours, { ...more, together: true });
    expect([rgb!.channels, rgb!.height, rgb!.width]).toEqual([3, 3, 4]);
    expect([...rgb!.original.subarray(12, 16)]).toEqual([1, 4, 7, 10]);
    const levels = await recordingsOf(tensor("float32", [2, 3, 4, 3], data), { ...more, together: false });
    expect(levels.map(({ channels, height, width }) => [channels, height, width])).toEqual(Array(3).fill([1, 4, 3]));
    expect([...levels[1]!.original.subarray(12, 15)]).toEqual([48, 49, 50]);
    await expect(
      recordingsOf(tensor("float32", [2, 8], new Float32Array(16)), { ...more, together: false }),
    ).rejects.toThrow(/no sequence of frames/);
  });
});

describe("networks by name", () => {
  it("take entries as texts, and refuse what cannot be", () => {
    expect(networkFrom("warp", { body: "8", dilations: "1,3" }, 2)).toMatchObject({
      channels: 2,
      body: 8,
      dilations: [1, 3],
    });
    expect(networkFrom("prednet", { shortcut: "false" }, 3)).toMatchObject({ stack: [3, 12, 12], shortcut: false });
    expect(() => networkFrom("wrap", {}, 1)).toThrow(/no network "wrap"/);
    expect(() => networkFrom("warp", { bodi: "8" }, 1)).toThrow(/no entry "bodi"/);
    expect(() => networkFrom("warp", { body: "x" }, 1)).toThrow(/body is not a whole number/);
    expect(() => networkFrom("prednet", { shortcut: "maybe" }, 1)).toThrow(/shortcut/);
  });
});
