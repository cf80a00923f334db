/** Files that hold several variables: which one is meant. */
import { TempressError } from "../errors.ts";
import { nearestName } from "../nearest.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";

/** One variable, without its values. */
export interface VariableInfo {
  /** As `--variable` takes it. */
  readonly name: string;
  readonly shape: Shape;
  /** One of ours, or the file's own word for a type that has no counterpart here. */
  readonly dtype: string;
  readonly axes?: readonly string[] | undefined;
  readonly units?: string | undefined;
  /** Coordinates of an axis and the like: never chosen unless named. */
  readonly secondary?: boolean | undefined;
}

/** Errors list no more than this. */
const MOST_LISTED = 20;

/**
 * The variable that is named, or the only one.
 * @throws TempressError "invalid-argument" that lists them with their shapes.
 */
export function chooseVariable<V extends VariableInfo>(
  variables: readonly V[],
  wanted: string | undefined,
  where: string,
): V {
  if (wanted !== undefined) {
    const bare = (name: string): string => name.replace(/^\/+/, "");
    const found = variables.find(({ name }) => bare(name) === bare(wanted));
    if (found) return found;
    const near = nearestName(
      wanted,
      variables.map(({ name }) => name),
    );
    throw new TempressError("invalid-argument", `there is no variable "${wanted}"`, {
      where,
      hint: `${near === undefined ? "" : `did you mean ${near}? `}${listed(variables)}`,
    });
  }
  const main = variables.filter(({ secondary }) => secondary !== true);
  const chosen = main.length === 0 && variables.length === 1 ? variables : main;
  if (chosen.length === 1) return chosen[0]!;
  if (variables.length === 0) {
    throw new TempressError("unsupported", "the file holds no variable of numbers", { where });
  }
  throw new TempressError(
    "invalid-argument",
    `the file holds ${(chosen.length > 0 ? chosen : variables).length} variables`,
    {
      where,
      hint: `name one: --variable NAME, or ${where}:NAME; ${listed(chosen.length > 0 ? chosen : variables)}`,
    },
  );
}

function listed(variables: readonly VariableInfo[]): string {
  if (variables.length === 0) return "the file holds none";
  const words = variables.slice(0, MOST_LISTED).map(({ name, shape, dtype }) => {
    return `${name} (${shape.length === 0 ? "scalar" : formatShape(shape)} ${dtype})`;
  });
  const more = variables.length - words.length;
  return `there are ${words.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Endings after which `:NAME` names a variable. */
const SEVERAL = /^(.+\.(?:h5|hdf5|hdf|he5|nc|nc3|nc4|cdf|zarr|npz|mat|hkl|fits|fit|fts)\/?):(.+)$/i;

/** `file.h5:/group/var` as path and variable. */
export function splitVariable(path: string): { path: string; variable: string | undefined } {
  const found = SEVERAL.exec(path);
  return found ? { path: found[1]!, variable: found[2]! } : { path, variable: undefined };
}
