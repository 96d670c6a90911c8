import { t } from "../texts.ts";

/** `why`: why the last key was not taken. */
export function KeyForm({ why, onKey }: { why: string | null; onKey: (key: string) => void }) {
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    const key = new FormData(event.currentTarget as HTMLFormElement).get("key");
    if (typeof key === "string" && key.trim() !== "") onKey(key.trim());
  };
  return (
    <form class="key card" onSubmit={send}>
      <h1>{t("key_title")}</h1>
      {why ? (
        <p class="fault" role="alert">
          {why}
        </p>
      ) : null}
      <label>
        {t("key_label")}
        <input name="key" type="password" autocomplete="off" required dir="ltr" />
      </label>
      <p class="soft">{t("key_hint")}</p>
      <button class="button" type="submit">
        {t("key_use")}
      </button>
    </form>
  );
}
