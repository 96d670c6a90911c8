/** Columns by their names, which people write with other capitals and spaces than they are called by. */

/** The column that is meant: the one of this very name, else the only one that differs in capitals and spaces; null: there is none. */
export function columnNamed(columns: readonly string[], name: string): string | null {
  const exact = name.normalize("NFC").trim();
  if (exact === "") return null;
  if (columns.includes(exact)) return exact;
  const folded = fold(name);
  const found = new Set(columns.filter((column) => column !== "" && fold(column) === folded));
  return found.size === 1 ? [...found][0]! : null;
}

/** The name of the column that is meant, where several have it. */
export function duplicateOf(columns: readonly string[], name: string): string | null {
  const column = columnNamed(columns, name);
  return column !== null && columns.indexOf(column) !== columns.lastIndexOf(column) ? column : null;
}

function fold(name: string): string {
  return name
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, "");
}
