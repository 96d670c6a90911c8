/** `npm run mark:key`: prints a new key for invisible marks, as MARK_KEY takes it. */
import { newMarkKey } from "@smileloop/worker/marking/key.ts";

if (import.meta.main) console.log(newMarkKey());
