import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { layers } from "./weights.ts";

test("the weights fill their file, and it stays small", () => {
  const { length } = readFileSync(new URL("./visemes.bin", import.meta.url));
  const sizes = layers().map(({ weights, biases }) => weights.length + 8 * biases.length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(length);
  expect(length).toBeLessThan(200_000);
});

test("each layer takes what the one before it gives", () => {
  for (const [i, layer] of layers().entries()) {
    expect(layer.weights.length).toBe(layer.outputs * layer.taps * layer.inputs);
    if (i > 0) expect(layer.inputs).toBe(layers()[i - 1]!.outputs);
    expect(layer.weights.every(Number.isFinite) && layer.biases.every(Number.isFinite)).toBe(true);
  }
});
