/** Tables for people: columns as wide as their content, numbers to the right. */
export type Cell = string | number;

export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, c) => Math.max(...lines.map((row) => row[c]?.length ?? 0)));
  const right = header.map((_, c) => rows.length > 0 && rows.every((row) => /^[-+]?[\d.]/.test(String(row[c] ?? ""))));
  const text = lines.map((row) =>
    row.map((cell, c) => (right[c] ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!))).join("  "),
  );
  text.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return text.map((row) => row.trimEnd()).join("\n");
}

/** Names on the left, values on the right; pairs without a value are left out. */
export function pairs(rows: readonly (readonly [string, Cell | undefined])[]): string {
  const present = rows.filter(([, value]) => value !== undefined);
  const width = Math.max(...present.map(([name]) => name.length));
  return present.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join("\n");
}
