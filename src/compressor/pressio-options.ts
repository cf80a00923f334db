/**
 * LibPressio's typed string map. A key is *set* (typed, with a value), it *exists* (typed and empty: how a plug-in
 * shows an option without a value), or it is *absent*.
 *
 * Other than in LibPressio a conversion never drops or wraps a value: what does not fit is an error.
 */
import { TempressError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { castValue, type Safety } from "./pressio-cast.ts";
import {
  isOption,
  type KeyState,
  type PressioOption,
  type PressioType,
  type PressioValue,
  typeOf,
} from "./pressio-types.ts";

export class PressioOptions implements Iterable<readonly [string, PressioOption]> {
  readonly #entries = new Map<string, PressioOption>();

  /** Bare values get the type they look like; `{ type, value }` stays as it is. */
  static from(values: Readonly<Record<string, unknown>>): PressioOptions {
    const made = new PressioOptions();
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined) continue;
      if (isOption(value)) made.put(key, value);
      else made.set(key, value as PressioValue);
    }
    return made;
  }

  get size(): number {
    return this.#entries.size;
  }

  state(key: string): KeyState {
    const option = this.#entries.get(key);
    return option === undefined ? "absent" : option.value === undefined ? "exists" : "set";
  }

  type(key: string): PressioType | undefined {
    return this.#entries.get(key)?.type;
  }

  get(key: string): PressioValue | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Sets key, type and value. A value that the type cannot hold is an error. */
  set(key: string, value: PressioValue, type: PressioType = typeOf(value)): void {
    this.#entries.set(key, { type, value: castValue(key, value, type, "explicit") });
  }

  /** Takes the option as it is. */
  put(key: string, option: PressioOption): void {
    this.#entries.set(key, option);
  }

  /** Typed and empty. */
  setType(key: string, type: PressioType): void {
    this.#entries.set(key, { type });
  }

  /** Keeps the key's type and takes the value as far as `safety` allows. An absent key is an error. */
  castSet(key: string, value: PressioValue, safety: Safety): void {
    const option = this.#entries.get(key);
    if (option === undefined) {
      throw new TempressError("invalid-argument", `there is no option "${key}"`, {
        where: "options",
        hint: suggestion(key, this.#entries.keys()),
      });
    }
    this.#entries.set(key, { type: option.type, value: castValue(key, value, option.type, safety) });
  }

  /** The value as another type; undefined where none is set. */
  cast(key: string, type: PressioType, safety: Safety): PressioValue | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : castValue(key, value, type, safety, this.type(key));
  }

  clear(key: string): void {
    this.#entries.delete(key);
  }

  keys(): string[] {
    return [...this.#entries.keys()].sort();
  }

  /** Takes what the other has, and its values win. With `keepSet` an empty option does not empty a set one. */
  copyFrom(other: PressioOptions, keepSet = false): void {
    for (const [key, option] of other) {
      if (keepSet && option.value === undefined && this.state(key) === "set") continue;
      this.#entries.set(key, option);
    }
  }

  /** Keys in alphabetical order, as LibPressio's map has them. */
  *[Symbol.iterator](): Iterator<readonly [string, PressioOption]> {
    for (const key of this.keys()) yield [key, this.#entries.get(key)!];
  }

  /** Set keys with their values, for `setOptions`. */
  toObject(): Record<string, PressioValue> {
    const object: Record<string, PressioValue> = {};
    for (const [key, { value }] of this) if (value !== undefined) object[key] = value;
    return object;
  }
}
