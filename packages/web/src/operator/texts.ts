/** The words of the operator's page, its numbers and times. There is one language; others would be loaded as `../texts.ts` does it. */
import { fill } from "../fill.ts";
import { en, type TextKey } from "./texts/en.ts";

const TAG = "en";

export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return fill(en[key], values, TAG);
}

/** `45 s`, `3 min`, `2 h`. */
export function span(seconds: number): string {
  const [value, unit] =
    seconds >= 5400 ? [seconds / 3600, "hour"] : seconds >= 90 ? [seconds / 60, "minute"] : [seconds, "second"];
  const style = { style: "unit", unit, unitDisplay: "short" } as const;
  return new Intl.NumberFormat(TAG, style).format(Math.max(0, Math.round(value)));
}

/** `1.2 GB`, in powers of ten. */
export function bytes(count: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const power = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  const style = { style: "unit", unit: units[power]!, unitDisplay: "short", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(TAG, style).format(count / 1000 ** power);
}

export function number(value: number, digits = 1): string {
  return new Intl.NumberFormat(TAG, { maximumFractionDigits: digits }).format(value);
}

export function timeOfDay(text: string): string {
  return new Intl.DateTimeFormat(TAG, { timeStyle: "medium", hour12: false }).format(new Date(text));
}
