import { fstatSync } from "node:fs";
import { note } from "./output.ts";

/** A bar on standard error, only where a person sees it, and only when the work takes a while. */
const QUIET_MS = 300;
const EVERY_MS = 100;
const WIDTH = 28;

export interface Progress {
  update(done: number, total: number, more?: string): void;
  end(): void;
}

export function progressBar(label: string, wanted: boolean): Progress {
  if (!wanted || !onTerminal()) return { update() {}, end() {} };
  const start = performance.now();
  let next = start + QUIET_MS;
  let shown = false;
  return {
    update(done, total, more = "") {
      const now = performance.now();
      if (now < next || total <= 0) return;
      next = now + EVERY_MS;
      shown = true;
      const part = Math.min(1, done / total);
      const full = Math.round(part * WIDTH);
      const left = part > 0.02 ? `, ${Math.ceil(((now - start) / part - (now - start)) / 1000)} s left` : "";
      const bar = `${"#".repeat(full)}${".".repeat(WIDTH - full)}`;
      note(`\r\x1b[K${label} ${bar} ${Math.floor(part * 100)} %${left}${more && `, ${more}`}`, "");
    },
    end() {
      if (shown) note("\r\x1b[K", "");
    },
  };
}

/** Asking `process.stderr` itself would load Node's streams (3 ms) in every run, also where nobody looks. */
function onTerminal(): boolean {
  try {
    return fstatSync(2).isCharacterDevice() && process.stderr.isTTY;
  } catch {
    return false;
  }
}
