/** Which engines serve each kind of job in this installation. */
import { type Env, EnvError } from "@smileloop/core/env.ts";
import type { Engine, Finding } from "../engines/engine.ts";
import { builtInEngine } from "../engines/index.ts";

/** Names of the engines of each kind, the default first. */
type Serve = ReadonlyMap<string, string[]>;

type Known = { kinds: readonly string[]; engines: readonly Engine[] };

/**
 * Engines that `ENGINES` names come first. `findings` of a machine that has looked for engines: those that are not here are left out,
 * and the others that are here follow. An engine is here if it is built in, was found, or has a queue in `QUEUES`, so that its
 * workers are elsewhere. Without findings `ENGINES` is taken at its word, and a kind that it does not name gets what is built in or
 * has a queue. Throws EnvError.
 */
export function enginesServed(
  env: Pick<Env, "ENGINES" | "QUEUES">,
  { kinds, engines }: Known,
  findings: ReadonlyMap<string, Finding> | null,
): Serve {
  checkEngines(env, { kinds, engines });
  const isHere = ({ name, builtIn, queues }: Engine): boolean =>
    builtIn === true || findings?.get(name)?.engine != null || env.QUEUES.has(queues[0]);
  const here = engines.filter(isHere);
  const served = (kind: string): string[] => {
    const asked = env.ENGINES.get(kind);
    const able = here.filter((engine) => engine.kinds.includes(kind)).map(({ name }) => name);
    if (!asked) return able;
    if (!findings) return [...new Set(asked)];
    return [...new Set([...asked.filter((name) => able.includes(name)), ...able])];
  };
  return new Map(kinds.map((kind) => [kind, served(kind)]));
}

/** What each engine offers beyond its kinds, as the machine that has looked knows it, or at most. */
export function capabilitiesOf(
  engines: readonly Engine[],
  findings: ReadonlyMap<string, Finding> | null,
): ReadonlyMap<string, readonly string[]> {
  const offered = ({ name, capabilities = [] }: Engine) => findings?.get(name)?.capabilities ?? capabilities;
  return new Map(engines.map((engine) => [engine.name, offered(engine)]));
}

/** Throws EnvError where `ENGINES` names a kind or an engine that does not exist, or an engine that cannot run the kind. */
function checkEngines({ ENGINES }: Pick<Env, "ENGINES">, { kinds, engines }: Known): void {
  // plans need no engine
  const runnable = kinds.filter((kind) => engines.some((engine) => engine.kinds.includes(kind)));
  for (const [kind, names] of ENGINES) {
    if (!runnable.includes(kind)) {
      const fault = kinds.includes(kind) ? `no engine runs \`${kind}\`` : `there is no kind \`${kind}\``;
      throw new EnvError(`ENGINES: ${fault}. Choose from: ${runnable.join(", ")}`);
    }
    const able = engines.filter((engine) => engine.kinds.includes(kind)).map(({ name }) => name);
    const wrong = names.find((name) => !able.includes(name));
    if (wrong === undefined) continue;
    const fault = engines.some(({ name }) => name === wrong)
      ? `the engine \`${wrong}\` cannot run \`${kind}\``
      : `there is no engine \`${wrong}\``;
    throw new EnvError(`ENGINES: ${fault}. Choose from: ${able.join(", ")}`);
  }
}

/** Throws EnvError for a server whose own worker would have no queue. */
export function checkOwnQueue({ QUEUES }: Pick<Env, "QUEUES">, engines: readonly Engine[]): void {
  const [queue] = builtInEngine(engines).queues;
  if (QUEUES.size === 0 || QUEUES.has(queue)) return;
  throw new EnvError(`QUEUES: \`${queue}\` is missing, the queue of the built-in engine`);
}
