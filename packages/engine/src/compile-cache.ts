/** What Node makes of the code when it is loaded (TypeScript without its types, bytecode), kept on disk for the next process. */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * In `node_modules`, where the code lies that it is made of: who can write it could write that code, so it gives nobody a way into
 * another process. Node takes an entry only for the same bytes of the same file, the same version of Node, and the same user.
 */
const FOLDER = fileURLToPath(new URL("../../../node_modules/.cache/smileloop", import.meta.url));

/** To be called before the code is imported. Where the folder can't be written, what is in it is used, and nothing is kept. */
export function keepCompiled(): void {
  enableCompileCache(FOLDER);
}
