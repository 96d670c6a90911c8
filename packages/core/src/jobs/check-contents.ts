/** Checks what is inside files, for the slots of a kind that ask for it, before the work begins. */
import { AppError } from "../errors.ts";
import type { Files } from "../files.ts";
import type { Kind, Params } from "../kinds/kind.ts";
import type { CheckedFile } from "./check-file.ts";

/** Faults that are told: a list has them by the row, and mending it takes all of them. */
const MAX_FAULTS = 100;

type Asked = { kind: Pick<Kind, "contents">; params: Params; slot: string };

/** `params`: checked. Throws `invalid_request` with every fault (`loc` from the request's `body`), and what the storage throws. */
export async function checkContents(files: Files, asked: Asked, { key, type, etag }: CheckedFile): Promise<void> {
  await requireContents(asked, type, async () => {
    const { body, etag: read } = await files.get(key);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    if (read === etag) return Buffer.concat(chunks);
    throw new AppError("precondition_failed", "The file was replaced meanwhile; try again.");
  });
}

/** The same of a file that lies elsewhere; it is read only if somebody wants to look into it. */
export async function requireContents(
  { kind: { contents }, params, slot }: Asked,
  type: string,
  read: () => Promise<Uint8Array>,
): Promise<void> {
  const check = Object.hasOwn(contents, slot) ? contents[slot] : undefined;
  if (!check) return;
  const faults = await check(await read(), { type, params });
  const [first, ...more] = faults.map((fault) => ({ ...fault, loc: ["body", ...fault.loc] }));
  if (!first) return;
  const at = first.loc[1] === "params" ? `${first.loc.slice(2).join(".")}: ` : "";
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  throw new AppError("invalid_request", `${at}${first.msg}${others}`, {
    errors: [first, ...more],
    maxErrors: MAX_FAULTS,
  });
}
