/**
 * A part of a codec that few chunks need and that takes time to load (zstd for one method of many). Codecs are
 * synchronous, so one that meets it throws this; `withParts` loads it and runs the chunk again.
 */
export class PartNotLoaded extends Error {
  readonly load: () => Promise<void>;

  constructor(load: () => Promise<void>) {
    super("a part of the codec is not loaded");
    this.load = load;
  }
}

export async function withParts<T>(work: () => T): Promise<T> {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PartNotLoaded)) throw error;
      await error.load();
    }
  }
}
