/** First free address behind the module's own data; every module exports it (scripts/build-kernels.mjs adds this file). */
export function heapBase(): usize {
  return __heap_base;
}
