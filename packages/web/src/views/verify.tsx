/** Tells of a file whether it was made here. */
import type { Verification } from "@smileloop/sdk/index.ts";
import { useState } from "preact/hooks";
import { sayError, smileloop } from "../server.ts";
import type { TextKey } from "../texts/en.ts";
import { t } from "../texts.ts";

const MADE: Record<Verification["made_by_us"], TextKey> = {
  yes: "verify_yes",
  probably: "verify_probably",
  not_found: "verify_not_found",
};
const SIGNATURE: Record<Verification["signature"], TextKey> = {
  ours: "verify_ours",
  other: "verify_other",
  broken: "verify_broken",
  none: "verify_none",
};

export function Verify() {
  const [said, setSaid] = useState<string[]>([]);
  const look = async (file: File | undefined) => {
    if (!file) return;
    setSaid([`${t("verify_working")}…`]);
    try {
      const { made_by_us, signature } = await smileloop.verify(file);
      setSaid([t(MADE[made_by_us]), t(SIGNATURE[signature])]);
    } catch (error) {
      setSaid([sayError(error)]);
    }
  };
  return (
    <section class="verify" aria-labelledby="verify">
      <h2 id="verify">{t("verify_title")}</h2>
      <label>
        <span>{t("verify_lead")}</span>{" "}
        <input
          type="file"
          accept="image/*,video/*,audio/*"
          onChange={(event) => void look(event.currentTarget.files?.[0])}
        />
      </label>
      <div role="status">
        {said.map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
    </section>
  );
}
