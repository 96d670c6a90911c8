/** Names that somebody may have meant who typed another one. Pure, and loads nothing, so that help is instant. */

/** Shorter names are near too many others that mean something else. */
const MIN_LENGTH = 5;
/** Long enough that two wrong letters are still a typo. */
const LONG = 8;

/** ` Did you mean …?`, or nothing where no name is near. */
export function didYouMean(given: string, names: readonly string[]): string {
  const near = nearOf(given, names);
  return near.length === 0 ? "" : ` Did you mean ${oneOfThese(near)}?`;
}

/** Those that differ in a typo or in how their words are joined; without any, those that have it in them, or are in it. */
export function nearOf(given: string, names: readonly string[]): string[] {
  const bare = bareOf(given);
  if (bare.length < 3) return [];
  const typos = names.filter((name) => isTypo(bare, bareOf(name)));
  if (typos.length > 0) return typos;
  return names.filter((name) => bareOf(name).includes(bare) || (name.length >= 3 && bare.includes(bareOf(name))));
}

export function isTypo(given: string, name: string): boolean {
  if (given === name) return true;
  return name.length >= MIN_LENGTH && editsBetween(given, name) <= (name.length < LONG ? 1 : 2);
}

/** Only so much is compared: names are short. */
function bareOf(name: string): string {
  return name
    .slice(0, 60)
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, "");
}

/** `a`, `a or b`, `a, b or c` */
function oneOfThese(names: readonly string[]): string {
  const last = names.at(-1)!;
  return names.length === 1 ? last : `${names.slice(0, -1).join(", ")} or ${last}`;
}

/** How many letters have to be added, left out, changed or swapped with their neighbour to get from one to the other. */
function editsBetween(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Infinity;
      row.push(Math.min(changed, swapped, rows[i - 1]![j]! + 1, row[j - 1]! + 1));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
