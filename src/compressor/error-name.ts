import type { Bound } from "../promise/spec.ts";

/** What the achieved error of a file is called in reports: the largest of its chunks, in the sense of the bound. */
export function errorName({ kind }: Bound) {
  if (kind === "rmse") return "tempress:chunk_rmse";
  return kind === "pw_rel" ? "error_stat:max_pw_rel_error" : "error_stat:max_error";
}
