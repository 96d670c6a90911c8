/** Faces, by the command line. */
import { expect, test } from "vitest";
import { commandLine } from "../support/cli.ts";
import { ASTRONAUT, GRACE_HOPPER } from "../support/pictures.ts";

const { run, expectFiles } = commandLine();

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
