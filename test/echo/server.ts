/** The local server with `echo`. */
import { main } from "../../functions/local.ts";
import { LISTS } from "./lists.ts";

await main(LISTS);
