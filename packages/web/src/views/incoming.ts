/** Photos that are dropped anywhere on the page, or pasted into it. */
import { useEffect, useRef, useState } from "preact/hooks";

/** Whether a file is held above the page. */
export function useIncoming(onFile: (file: Blob) => void): boolean {
  const [dragging, setDragging] = useState(false);
  const latest = useRef(onFile);
  latest.current = onFile;
  useEffect(() => {
    const leaving = new AbortController();
    const on = <K extends keyof DocumentEventMap>(name: K, does: (event: DocumentEventMap[K]) => void) =>
      document.addEventListener(name, does, { signal: leaving.signal });
    on("dragover", (event) => {
      // a place of the page that takes files itself
      if (event.defaultPrevented) return setDragging(false);
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setDragging(true);
    });
    on("dragleave", (event) => event.relatedTarget === null && setDragging(false));
    on("drop", (event) => {
      const file = event.dataTransfer?.files[0];
      if (!file || event.defaultPrevented) return;
      event.preventDefault();
      setDragging(false);
      latest.current(file);
    });
    on("paste", (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
      if (file) latest.current(file);
    });
    return () => leaving.abort();
  }, []);
  return dragging;
}
