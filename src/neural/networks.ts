/** Networks by name, and their entries as texts: how people ask for an architecture. */
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { type Architecture, architectureFrom } from "./architecture.ts";
import { PUBLISHED_PREDNET } from "./prednet.ts";
import { SMALL_WARP } from "./warp.ts";

export const NETWORKS: Readonly<Record<string, { readonly summary: string; readonly architecture: Architecture }>> = {
  warp: { summary: "motion-aware, small; the default", architecture: SMALL_WARP },
  "warp-large": {
    summary: "the same with twice the channels",
    architecture: { ...SMALL_WARP, body: 32, refine: 24 },
  },
  prednet: {
    summary: "PredNet of three small layers, which predicts the change from the last frame",
    architecture: { kind: "prednet", stack: [1, 12, 12], recurrent: [6, 12, 12], shortcut: true },
  },
  "prednet-published": { summary: "PredNet as published, 6.9 million weights", architecture: PUBLISHED_PREDNET },
};

/**
 * @param changes entries of the architecture as texts: { body: "32", stack: "1,12,12", shortcut: "true" }
 * @param channels of the data
 * @throws TempressError if there is no such network or entry, or the value does not suit.
 */
export function networkFrom(name: string, changes: Readonly<Record<string, string>>, channels: number): Architecture {
  const entry = NETWORKS[name];
  if (!entry || !Object.hasOwn(NETWORKS, name)) {
    throw new TempressError("invalid-argument", `there is no network "${name}"`, {
      where: "--network",
      hint: suggestion(name, Object.keys(NETWORKS)),
    });
  }
  const known: Record<string, unknown> = { ...entry.architecture };
  if (known.kind === "warp") known.channels = channels;
  else known.stack = [channels, ...(known.stack as number[]).slice(1)];
  for (const [key, text] of Object.entries(changes)) {
    if (key === "kind" || !Object.hasOwn(known, key)) {
      throw new TempressError("invalid-argument", `${name} has no entry "${key}"`, {
        where: "--set",
        hint: suggestion(
          key,
          Object.keys(known).filter((one) => one !== "kind"),
        ),
      });
    }
    known[key] = Array.isArray(known[key])
      ? text.split(",").map(Number)
      : typeof known[key] === "boolean"
        ? ({ true: true, false: false }[text] ?? text)
        : Number(text);
  }
  try {
    return architectureFrom(known);
  } catch (cause) {
    const reason = cause instanceof TempressError ? cause.message.replace(/^.*is wrong: /, "") : String(cause);
    throw new TempressError("invalid-argument", `such a network cannot be: ${reason}`, { where: "--set", cause });
  }
}
