import { childRecord } from "./child-record.ts";
import type { Fields, FieldType } from "./fields.ts";
import * as layout from "./layout.ts";

/** The tables of FORMAT.md, by the name that stands in its `<!-- table: NAME -->` marks. */
export function formatTables(): Readonly<Record<string, string>> {
  const records = {
    prefix: layout.prefix,
    header: layout.header,
    "header end": layout.headerEnd,
    "chunk start": layout.chunkStart,
    "chunk header": layout.chunkHeader(1),
    "chunk header end": layout.chunkHeaderEnd,
    "index entry": layout.indexEntry(1),
    index: layout.index(1),
    trailer: layout.trailer,
    extension: layout.extension,
    option: layout.option,
    attribute: layout.attribute,
    section: layout.section,
    "wrapped values": childRecord,
  };
  const unions = { promise: layout.promiseUnion, bound: layout.boundUnion, "option value": layout.optionUnion };
  const numbers = { dtype: layout.dtypeIds, effort: layout.effortIds, "section name": layout.sectionIds };
  return {
    ...mapValues(records, ({ fields }) => fieldTable(fields)),
    ...mapValues(unions, ({ cases }) =>
      rows(
        ["number", "kind", "fields"],
        Object.entries(cases).map(([kind, { id, fields }]) => [String(id), kind, inline(fields)]),
      ),
    ),
    ...mapValues(numbers, ({ ids }) =>
      rows(
        ["number", "name"],
        Object.entries(ids).map(([name, id]) => [String(id), name]),
      ),
    ),
    limits: rows(
      ["limit", "value"],
      Object.entries(layout.LIMITS).map(([name, value]) => [name, String(value)]),
    ),
  };
}

/** FORMAT.md with every marked table made anew; throws nothing, unknown marks stay. */
export function renderTables(document: string): string {
  const tables = formatTables();
  return document.replace(
    /(<!-- table: ([\w ]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (whole, open: string, name: string, close: string) =>
      tables[name] === undefined ? whole : `${open}${tables[name]}${close}`,
  );
}

function fieldTable(fields: Fields): string {
  return rows(
    ["field", "type", "meaning"],
    Object.entries(fields).map(([name, { type, help }]) => [`\`${name}\``, label(type), help]),
  );
}

function inline(fields: Fields): string {
  const parts = Object.entries(fields).map(([name, { type, help }]) => `\`${name}\` ${label(type)}: ${help}`);
  return parts.join("; ") || "none";
}

function label(type: FieldType<unknown>): string {
  return type.label;
}

function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + body.map(line).join("");
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, of: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]));
}
