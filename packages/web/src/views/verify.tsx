/** Tells of a file whether it was made here. */
import { SmileloopError, type Verification } from "@smileloop/sdk/index.ts";
import { useRef, useState } from "preact/hooks";
import { sayError, smileloop } from "../server.ts";
import type { TextKey } from "../texts/en.ts";
import { t } from "../texts.ts";
import { Icon } from "./icons.tsx";

/** The verdict, and what to make of it where the signature does not say it all. */
const MADE: Record<Verification["made_by_us"], [title: TextKey, text?: TextKey]> = {
  yes: ["verify_title_yes"],
  probably: ["verify_title_probably", "verify_probably"],
  not_found: ["verify_title_not_found", "verify_not_found"],
};
const SIGNATURE: Record<Verification["signature"], TextKey> = {
  ours: "verify_ours",
  other: "verify_other",
  broken: "verify_broken",
  none: "verify_none",
};
type Looked = { name: string; found?: Verification; fault?: string };

export function Verify() {
  const [looked, setLooked] = useState<Looked | null>(null);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const isWorking = looked !== null && !looked.found && looked.fault === undefined;
  const look = async (file: File | undefined) => {
    if (!file || isWorking) return;
    const { name } = file;
    setLooked({ name });
    try {
      setLooked({ name, found: await smileloop.verify(file) });
    } catch (error) {
      // that of photos names what may be made into a video
      const isOther = error instanceof SmileloopError && error.code === "unsupported_type";
      setLooked({ name, fault: isOther ? t("verify_type") : sayError(error) });
    }
  };
  const dropped = (event: DragEvent) => {
    // a photo that is dropped elsewhere begins a video
    event.preventDefault();
    setOver(false);
    void look(event.dataTransfer?.files[0]);
  };
  const dragged = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type === "dragover");
  };
  return (
    <section class="verify" aria-labelledby="verify">
      <h2 id="verify">{t("verify_title")}</h2>
      <p class="soft">{t("verify_lead")}</p>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: its button does the same */}
      <div class={over ? "drop-area over" : "drop-area"} onDragOver={dragged} onDragLeave={dragged} onDrop={dropped}>
        <button class="button plain" type="button" disabled={isWorking} onClick={() => input.current?.click()}>
          <Icon name="search" /> {t(looked && !isWorking ? "verify_again" : "verify_choose")}
        </button>
        <span class="drop-hint soft">{t("verify_drop")}</span>
        <input
          ref={input}
          class="hidden"
          type="file"
          accept="image/*,video/*,audio/*"
          tabIndex={-1}
          aria-hidden="true"
          onChange={(event) => {
            void look(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }}
        />
      </div>
      <div role="status">
        {isWorking ? <p class="soft">{t("verify_working")}…</p> : null}
        {looked?.found ? <Verdict name={looked.name} found={looked.found} /> : null}
        {looked?.fault ? <p class="fault">{looked.fault}</p> : null}
      </div>
    </section>
  );
}

function Verdict({ name, found: { made_by_us, signature } }: { name: string; found: Verification }) {
  const [title, text] = MADE[made_by_us];
  return (
    <div class={`verdict is-${made_by_us}`}>
      <Icon name={made_by_us === "not_found" ? "question" : "check"} />
      <div>
        <h3>{t(title)}</h3>
        <p class="file soft">
          <bdi>{name}</bdi>
        </p>
        {text ? <p>{t(text)}</p> : null}
        <p>{t(SIGNATURE[signature])}</p>
      </div>
    </div>
  );
}
