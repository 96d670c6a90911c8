/** A measure as it is shown: seconds to the millisecond, rates to a thousandth. 70 × 0.04 s is 2.8 s and not 2.8000000000000003. */
export function toThousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
