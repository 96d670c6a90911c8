/** What is measured of the steps that faces go through. */
import { edit } from "./edit.ts";
import { enhance } from "./enhance.ts";
import { type FacePart, faceTable, misses } from "./figures.ts";
import { steady } from "./steady.ts";
import { swap } from "./swap.ts";

const PARTS: readonly FacePart[] = [edit, enhance, swap, steady];

export async function facesReport(
  options: Parameters<FacePart["figures"]>[0],
): Promise<{ markdown: string; failures: number }> {
  const sections: string[] = ["# Faces", "", "A figure in **bold** misses its goal."];
  let failures = 0;
  for (const { name, figures } of PARTS) {
    const found = await figures(options);
    failures += found.filter(misses).length;
    sections.push("", `## ${name}`, "", faceTable(found));
  }
  return { markdown: `${sections.join("\n")}\n`, failures };
}
