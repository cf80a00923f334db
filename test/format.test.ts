/** The tables of FORMAT.md are those that the program reads and writes by. `UPDATE_FORMAT=1` writes them anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { formatTables, renderTables } from "../src/container/tables.ts";

const path = join(import.meta.dirname, "../FORMAT.md");

it("has the tables of the declarations", () => {
  const document = readFileSync(path, "utf8");
  const rendered = renderTables(document);
  if (process.env.UPDATE_FORMAT) writeFileSync(path, rendered);
  else expect(document, "run UPDATE_FORMAT=1 npx vitest run test/format").toBe(rendered);
  for (const name of Object.keys(formatTables())) expect(document).toContain(`<!-- table: ${name} -->`);
});
