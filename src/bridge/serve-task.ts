/** What the daemon's main thread and its workers say to each other: requests with segments as open descriptors. */
import type { ErrorCode } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Info } from "./protocol.ts";
import type { Place, Target, Written } from "./shm-io.ts";

export type Input = { readonly bytes: Uint8Array } | Place;

interface Common {
  /** As text, to be read by their declarations. */
  readonly options: readonly (readonly [key: string, value: string])[];
  readonly inputs: readonly Input[];
  readonly targets: readonly Target[];
}

export type Task = Common &
  (
    | {
        readonly kind: "compress";
        readonly codec: string;
        readonly bare: boolean;
        readonly dtype: DType;
        readonly shape: Shape;
      }
    | {
        readonly kind: "decompress";
        readonly codec: string | undefined;
        readonly bare: boolean;
        readonly dtype: DType | undefined;
        readonly shape: Shape | undefined;
        /** A file may announce any size; more is refused. */
        readonly mostBytes: number;
      }
    | { readonly kind: "options"; readonly codec: string }
    | {
        readonly kind: "metrics";
        readonly names: readonly string[];
        readonly dtype: DType;
        readonly shape: Shape;
        /** Bytes of the compressed file. */
        readonly size: number;
      }
    | { readonly kind: "external"; readonly words: readonly string[]; readonly outputNames: readonly string[] }
  );

/** What was made. Numbers are metrics and times under LibPressio's names and ours. */
export interface Result {
  readonly outputs: readonly Written[];
  readonly numbers: readonly (readonly [key: string, value: number])[];
  readonly dtype?: DType;
  readonly shape?: Shape;
  readonly info?: readonly Info[];
  readonly exitStatus?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly where?: string | undefined;
  readonly hint?: string | undefined;
}

/** From a worker; the first one says that it is warm. */
export type Report =
  | { readonly kind: "warm" }
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "failed"; readonly failure: Failure };

export function failureOf(error: unknown): Failure {
  if (isTyped(error)) {
    const { code, message, where, hint } = error;
    return { code, message, where, hint };
  }
  if (error instanceof RangeError) {
    const hint = "make the request smaller, or the machine larger";
    return { code: "limit", message: `not enough memory: ${error.message}`, where: "worker", hint };
  }
  const message = `internal error: ${error instanceof Error ? error.message : String(error)}`;
  return { code: "internal", message, hint: "this is a defect of Tempress, please report it" };
}

function isTyped(error: unknown): error is Failure {
  return error instanceof Error && error.name === "TempressError";
}
