/** The handlers of the kinds in `core/kinds/index.ts`, by name. */
import { animateHandler } from "./animate.ts";
import type { HandlerContext, HandlerMaker, Handlers } from "./handler.ts";

export const HANDLERS: Readonly<Record<string, HandlerMaker>> = { animate: animateHandler };

export function createHandlers(context: HandlerContext, makers = HANDLERS): Handlers {
  return Object.fromEntries(Object.entries(makers).map(([kind, make]) => [kind, make(context)]));
}
