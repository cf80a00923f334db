/** The name in `names` that `word` most likely meant, or undefined when none is close. */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  // A third of the letters may be wrong, and always one.
  let limit = Math.max(1, Math.floor(wanted.length / 3)) + 0.5;
  for (const name of names) {
    const candidate = name.toLowerCase();
    const prefix = wanted.length >= 2 && candidate.startsWith(wanted) ? 1 : limit;
    const distance = Math.min(prefix, editDistance(wanted, candidate));
    if (distance < limit) {
      limit = distance;
      best = name;
    }
  }
  return best;
}

/** `did you mean "X"?`, or what there is when nothing is near. */
export function suggestion(word: string, names: Iterable<string>): string {
  const all = [...names];
  const near = nearestName(word, all);
  return near === undefined ? `choose from ${all.join(", ")}` : `did you mean "${near}"?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (!same && i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
