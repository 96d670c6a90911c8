/** What is said to a recipient: a template in which `{column}` is what the row has there. `{{` and `}}` are braces. */
import { didYouMean } from "../errors/near.ts";
import { MAX_WORDS_CHARS } from "../kinds/insertion.ts";
import { textFault } from "../speech/say-text.ts";
import { shown } from "../text.ts";
import { columnNamed } from "./columns.ts";

const PART = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/** A row: who is addressed, and all that it has by column. */
type Row = { name: string; phone: string; fields: Readonly<Record<string, string>> };
type Meant = { nameColumn: string; phoneColumn: string };

/** What is said; a placeholder without a column is nothing. Composed (NFC), and without spaces around it. */
export function textFor(template: string, { name, phone, fields }: Row): string {
  const columns = Object.keys(fields);
  const text = template.replaceAll(PART, (part, placeholder?: string) => {
    if (placeholder === undefined) return part[0]!;
    if (placeholder.trim() === "name") return name;
    if (placeholder.trim() === "phone") return phone;
    const column = columnNamed(columns, placeholder);
    return column === null ? "" : fields[column]!;
  });
  return text.normalize("NFC").trim();
}

/** The columns that a template asks for. `{name}` and `{phone}` are those of the recipient, whatever these columns are called. */
export function columnsOf(template: string, columns: readonly string[], { nameColumn, phoneColumn }: Meant): string[] {
  const usual = new Map([
    ["name", nameColumn],
    ["phone", phoneColumn],
  ]);
  return placeholdersOf(template).flatMap((one) => columnNamed(columns, usual.get(one.trim()) ?? one) ?? []);
}

/** What is wrong with a template, to follow what it is called; null: nothing. */
export function templateFault(template: string, columns: readonly string[], meant: Meant): string | null {
  const stray = [...template.matchAll(PART)].find(([part]) => part === "{" || part === "}");
  if (stray) return `has a single '${stray[0]}'. A column is {name}; a brace that is said is written twice.`;
  const unknown = placeholdersOf(template).find((one) => columnsOf(`{${one}}`, columns, meant).length === 0);
  if (unknown === undefined) return null;
  const listed = columns.filter((column) => column !== "").slice(0, 20);
  return `asks for the column ${shown(unknown)}, which is not there. The columns are: ${listed.join(", ")}.${didYouMean(unknown, listed)}`;
}

function placeholdersOf(template: string): string[] {
  return [...template.matchAll(PART)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** Why words cannot be said in a place of a video; null: they can. */
export function wordsFault(words: string): string | null {
  if (words.length > MAX_WORDS_CHARS) return `has ${words.length} characters; at most ${MAX_WORDS_CHARS} are said`;
  return textFault(words);
}
