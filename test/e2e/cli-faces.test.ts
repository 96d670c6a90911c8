/** Faces, by the command line. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandLine } from "../support/cli.ts";
import { ASTRONAUT, COFFEE, GRACE_HOPPER } from "../support/pictures.ts";

const { run, type, file, expectFiles } = commandLine();

test("faces are edited, made clearer and swapped", async () => {
  const edited = await run("edit", ASTRONAUT, "--smile", "0.6", "--head-yaw=-0.2", "--scale", "50", "--json");
  expect(edited).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(edited.stdout)).toMatchObject({ ok: true, output: "astronaut-edit.jpg" });
  const enhanced = await run("enhance", ASTRONAUT, "-o", "clear.jpg", "--quiet");
  expect(enhanced).toMatchObject({ code: 0, stdout: "clear.jpg\n" });
  const swapped = await run("swap", ASTRONAUT, GRACE_HOPPER, "--consent", "public_domain", "--json");
  expect(JSON.parse(swapped.stdout)).toMatchObject({ ok: true, output: "astronaut-swap.jpg" });
  expectFiles("astronaut-edit.jpg", "astronaut-swap.jpg", "clear.jpg");
});

test("an error says which file has no face, and what else may be given", async () => {
  const [source, target] = [await run("swap", ASTRONAUT, COFFEE, "-q"), await run("swap", COFFEE, ASTRONAUT, "-q")];
  expect(source).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^smileloop: "coffee.jpg": No face .* source/),
  });
  expect(target).toMatchObject({ code: 1, stderr: expect.stringMatching(/^smileloop: "coffee.jpg": No face/) });
  writeFileSync(file("note.txt"), "no picture");
  for (const command of ["faces", "enhance"]) {
    const { code, stderr } = await type(command, "note.txt", "-q");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^smileloop: "note.txt": This is text.* or a video as a file: MP4/),
    ]);
  }
  expectFiles("note.txt");
});
