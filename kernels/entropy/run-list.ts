/**
 * Runs as a dictionary of their lengths with frequencies, and an arithmetic code with that static model: the binary
 * coder of Witten, Neal and Cleary (1987) with 32-bit bounds in 64-bit integers.
 */
import { read, readOver, write } from "./word-bits";

const QUARTER: u64 = 1 << 30;
const HALF: u64 = 1 << 31;
const THREE: u64 = 3 << 30;
const TOP: u64 = 0xffffffff;
/** More runs than this are beyond the coder's precision. */
const MOST_RUNS: u64 = 1 << 30;
/** Places of the table that finds an entry: the cumulative frequency's leading bits. */
const PLACES: i32 = 4096;
/** Runs below this are counted in a table, others by sorting. */
const SHORT: u32 = 4096;

let low: u64 = 0;
let high: u64 = TOP;

// Reading.

let value: u64 = 0;
let symbols: u64 = 0;
let entries: i32 = 0;
let lengths: usize = 0;
let sums: usize = 0;
let starts: usize = 0;
let shift: u64 = 0;
let left: u64 = 0;

/** Bytes of the tables for a dictionary of `count` entries: lengths, sums, and the start of each place. */
export function runTables(count: u32): u32 {
  return count * 8 + 8 + PLACES * 4;
}

/** Entries of the dictionary that follows. */
export function readRunCount(): u64 {
  return read(64);
}

/**
 * Reads the dictionary of `count` entries into `tables` and starts the code. No run may be above `most`.
 * Gives 0, or 1 for a list that no encoder writes.
 */
export function startRuns(count: u32, tables: usize, most: u64): i32 {
  entries = <i32>count;
  lengths = tables;
  sums = tables + <usize>count * 4;
  starts = sums + <usize>count * 4 + 8;
  let total: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const a = read(6);
    const run = a == 0 ? 0 : read(a);
    const b = read(6);
    const frequency = b == 0 ? 0 : read(b);
    if (readOver()) return 0;
    if (a == 0 || frequency == 0 || run > most || frequency > MOST_RUNS) return 1;
    store<u32>(lengths + (<usize>i << 2), <u32>run);
    store<u32>(sums + (<usize>i << 2), <u32>total);
    total += frequency;
    if (total >= MOST_RUNS) return 1;
  }
  store<u32>(sums + (<usize>count << 2), <u32>total);
  symbols = read(64);
  if (readOver()) return 0;
  if (symbols != total || total == 0 || total > most + 1) return 1;
  shift = 0;
  while (total >> shift > <u64>PLACES - 1) shift++;
  let entry: u32 = 0;
  const places = <i32>(total >> shift) + 1;
  for (let i: i32 = 0; i < places; i++) {
    while (entry + 1 < count && <u64>load<u32>(sums + (<usize>(entry + 1) << 2)) <= <u64>i << shift) entry++;
    store<u32>(starts + (<usize>i << 2), entry);
  }
  low = 0;
  high = TOP;
  value = read(32);
  left = symbols;
  return 0;
}

/** Runs that are still to come. */
export function runsLeft(): u64 {
  return left;
}

export function nextRun(): u32 {
  left--;
  const range = high - low + 1;
  const mark = ((value - low + 1) * symbols - 1) / range;
  let entry = load<u32>(starts + (<usize>(mark >> shift) << 2));
  while (<u64>load<u32>(sums + (<usize>(entry + 1) << 2)) <= mark) entry++;
  const from = <u64>load<u32>(sums + (<usize>entry << 2));
  const to = <u64>load<u32>(sums + (<usize>(entry + 1) << 2));
  high = low + (range * to) / symbols - 1;
  low = low + (range * from) / symbols;
  for (;;) {
    if (high < HALF) {
      // Nothing to take off.
    } else if (low >= HALF) {
      low -= HALF;
      high -= HALF;
      value -= HALF;
    } else if (low >= QUARTER && high < THREE) {
      low -= QUARTER;
      high -= QUARTER;
      value -= QUARTER;
    } else break;
    low <<= 1;
    high = (high << 1) | 1;
    value = (value << 1) | read(1);
  }
  return load<u32>(lengths + (<usize>entry << 2));
}

// Writing.

let pending: u64 = 0;

/** Room for `writeRuns`: table of short runs, entries of long ones, and the sorted dictionary. */
export function runRoom(count: u32): u32 {
  return SHORT * 8 + count * 16;
}

/** Writes `count` runs (u32, at least one, fewer than 2^30). `room` has `runRoom(count)` bytes. */
export function writeRuns(runs: usize, count: u32, room: usize): void {
  let longest: u32 = 0;
  for (let i: u32 = 0; i < count; i++) longest = max(longest, load<u32>(runs + (<usize>i << 2)));
  const limit = min(SHORT, longest + 1);
  const short = room;
  const long = room + SHORT * 8;
  memory.fill(short, 0, limit * 8);
  let far: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const run = load<u32>(runs + (<usize>i << 2));
    if (run < limit) {
      const at = short + (<usize>run << 3);
      store<u32>(at, load<u32>(at) + 1);
    } else {
      store<u32>(long + (<usize>far << 2), run);
      far++;
    }
  }
  // Long ones sorted; then each once, with its frequency and sum.
  sort(long, far);
  const dictionary = long + <usize>count * 4;
  let distinct: u32 = 0;
  for (let i: u32 = 0; i < far; ) {
    const run = load<u32>(long + (<usize>i << 2));
    let next = i + 1;
    while (next < far && load<u32>(long + (<usize>next << 2)) == run) next++;
    const at = dictionary + <usize>distinct * 12;
    store<u32>(at, run);
    store<u32>(at, next - i, 4);
    distinct++;
    i = next;
  }
  let total: u32 = 0;
  let entriesHere: u64 = distinct;
  for (let run: u32 = 0; run < limit; run++) {
    const frequency = load<u32>(short + (<usize>run << 3));
    if (frequency) entriesHere++;
  }
  write(entriesHere, 64);
  for (let run: u32 = 0; run < limit; run++) {
    const at = short + (<usize>run << 3);
    const frequency = load<u32>(at);
    if (!frequency) continue;
    store<u32>(at, total, 4);
    total += frequency;
    writeEntry(run, frequency);
  }
  for (let i: u32 = 0; i < distinct; i++) {
    const at = dictionary + <usize>i * 12;
    const frequency = load<u32>(at, 4);
    store<u32>(at, total, 8);
    total += frequency;
    writeEntry(load<u32>(at), frequency);
  }
  write(count, 64);
  low = 0;
  high = TOP;
  pending = 0;
  for (let i: u32 = 0; i < count; i++) {
    const run = load<u32>(runs + (<usize>i << 2));
    if (run < limit) {
      const at = short + (<usize>run << 3);
      narrow(load<u32>(at, 4), load<u32>(at), count);
    } else {
      let a: u32 = 0;
      let b = distinct;
      while (b - a > 1) {
        const middle = (a + b) >> 1;
        if (load<u32>(dictionary + <usize>middle * 12) <= run) a = middle;
        else b = middle;
      }
      const at = dictionary + <usize>a * 12;
      narrow(load<u32>(at, 8), load<u32>(at, 4), count);
    }
  }
  pending++;
  emit(low < QUARTER ? 0 : 1);
  write(0, 30);
}

function writeEntry(run: u32, frequency: u32): void {
  const a: u64 = run == 0 ? 1 : <u64>(32 - clz(run));
  write(a, 6);
  write(run, a);
  const b = <u64>(32 - clz(frequency));
  write(b, 6);
  write(frequency, b);
}

function narrow(from: u64, frequency: u64, count: u64): void {
  const range = high - low + 1;
  high = low + (range * (from + frequency)) / count - 1;
  low = low + (range * from) / count;
  for (;;) {
    if (high < HALF) emit(0);
    else if (low >= HALF) {
      emit(1);
      low -= HALF;
      high -= HALF;
    } else if (low >= QUARTER && high < THREE) {
      pending++;
      low -= QUARTER;
      high -= QUARTER;
    } else break;
    low <<= 1;
    high = (high << 1) | 1;
  }
}

function emit(bit: u64): void {
  write(bit, 1);
  for (; pending >= 32; pending -= 32) write(bit ? 0 : 0xffffffff, 32);
  if (pending) write(bit ? 0 : (<u64>1 << pending) - 1, pending);
  pending = 0;
}

/** Heap sort of `count` u32. */
function sort(at: usize, count: u32): void {
  if (count < 2) return;
  for (let i = <i32>(count >> 1) - 1; i >= 0; i--) sink(at, <u32>i, count);
  for (let last = count - 1; last > 0; last--) {
    const first = load<u32>(at);
    store<u32>(at, load<u32>(at + (<usize>last << 2)));
    store<u32>(at + (<usize>last << 2), first);
    sink(at, 0, last);
  }
}

function sink(at: usize, start: u32, count: u32): void {
  let root = start;
  const value = load<u32>(at + (<usize>root << 2));
  for (;;) {
    let child: u32 = 2 * root + 1;
    if (child >= count) break;
    if (child + 1 < count && load<u32>(at + (<usize>(child + 1) << 2)) > load<u32>(at + (<usize>child << 2))) child++;
    const larger = load<u32>(at + (<usize>child << 2));
    if (larger <= value) break;
    store<u32>(at + (<usize>root << 2), larger);
    root = child;
  }
  store<u32>(at + (<usize>root << 2), value);
}
