/** All voices of an installation, in one list. */
import { AppError } from "@smileloop/core/errors.ts";
import { readKeyedVoice } from "@smileloop/core/speech/keyed-voice.ts";
import { espeakEntries, FLITE, operatorFacts } from "./catalog.ts";
import { ESPEAK_HELP } from "./espeak/find.ts";
import { createEspeakHost, type EspeakHost } from "./espeak/host-process.ts";
import { espeakVoice } from "./espeak/voice.ts";
import { fliteVoice } from "./flite/flite.ts";
import type { CallLimits } from "./http/call.ts";
import { elevenLabsVoice } from "./http/elevenlabs.ts";
import { openAiVoice } from "./http/openai.ts";
import type { Voice } from "./voice.ts";

export type OperatorServer = {
  url: string;
  key: string | undefined;
  model: string;
  /** Languages by the names that jobs and the server call the voices; none: whatever the text has. */
  voices: ReadonlyMap<string, readonly string[]>;
};

/** `voices`: their ids by the names that jobs call them. */
export type OperatorElevenLabs = { url: string; key: string; model: string; voices: ReadonlyMap<string, string> };

export type OperatorVoices = {
  server: OperatorServer | null;
  elevenlabs: OperatorElevenLabs | null;
  limits?: CallLimits;
};

export type Voices = {
  list: readonly Voice[];
  /** Ends the processes that were started for them. */
  stop(): void;
};

/** `espeak`: its program (`findEspeak`), null where it is not installed. */
export function createVoices(options: { espeak: string | null; operator: OperatorVoices }): Voices {
  const { espeak, operator } = options;
  let host: EspeakHost | null = null;
  const find = (): EspeakHost => {
    if (espeak === null) throw new AppError("not_supported", `This needs a voice that is not here. ${ESPEAK_HELP}.`);
    host ??= createEspeakHost({ script: espeak });
    return host;
  };
  return {
    list: [
      ...FLITE.map(({ facts, speaker }) => fliteVoice(facts, speaker)),
      ...espeakEntries(espeak !== null).map((entry) => espeakVoice(find, entry)),
      ...operatorVoices(operator),
    ],
    stop: () => host?.stop(),
  };
}

/**
 * A voice that speaks with the client's own key. `model`: of its provider, the operator's by default. Where the provider is comes from the
 * operator. Null for a name that is not that of such a voice.
 */
export function keyedVoice(
  name: string,
  { key, model }: { key: string; model?: string | undefined },
  elevenlabs: Pick<OperatorElevenLabs, "url" | "model">,
): Voice | null {
  const keyed = readKeyedVoice(name);
  if (!keyed) return null;
  const [facts] = operatorFacts({ named: new Map(), elevenlabs: new Map([[name, keyed.id]]) });
  return elevenLabsVoice(facts!, keyed.id, {
    url: elevenlabs.url,
    key,
    model: model ?? elevenlabs.model,
    ofClient: true,
  });
}

function operatorVoices({ server, elevenlabs, limits }: OperatorVoices): Voice[] {
  const facts = operatorFacts({ named: server?.voices ?? new Map(), elevenlabs: elevenlabs?.voices ?? new Map() });
  const more = limits === undefined ? {} : { limits };
  return facts.map((each) => {
    const id = elevenlabs?.voices.get(each.name);
    if (elevenlabs && id !== undefined) return elevenLabsVoice(each, id, { ...elevenlabs, ...more });
    return openAiVoice(each, { ...server!, ...more });
  });
}
