/** SZ3 without a predictor: every value against 0. */
import { codePoint, Quantizer } from "../quantize/linear";

function all<T>(values: usize, count: i32, q: Quantizer): void {
  const end = values + <usize>count * sizeof<T>();
  for (let p = values; p < end; p += sizeof<T>()) codePoint<T>(q, p, <T>0);
}

/** `type` as SZ3 numbers element types. */
export function sz3Unpredicted(type: i32, values: usize, count: i32, quantizer: usize): void {
  const q = changetype<Quantizer>(quantizer);
  switch (type) {
    case 0: return all<f32>(values, count, q);
    case 1: return all<f64>(values, count, q);
    case 2: return all<u8>(values, count, q);
    case 3: return all<i8>(values, count, q);
    case 4: return all<u16>(values, count, q);
    case 5: return all<i16>(values, count, q);
    case 6: return all<u32>(values, count, q);
    case 7: return all<i32>(values, count, q);
    case 8: return all<u64>(values, count, q);
    default: return all<i64>(values, count, q);
  }
}

/** Bytes of a quantiser in memory, so that host and kernels agree. */
export function quantizerBytes(): i32 {
  return offsetof<Quantizer>();
}
