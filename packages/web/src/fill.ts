/** A text with its `{…}` filled in; numbers as the language with this tag writes them. What has no value stays as it is. */
export function fill(text: string, values: Record<string, string | number>, tag: string): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return typeof value === "number" ? new Intl.NumberFormat(tag).format(value) : (value ?? whole);
  });
}
