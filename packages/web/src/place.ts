/** Where in the page the reader is, from the part of the address behind `#`, so that going back and loading again work. */
import { useEffect, useState } from "preact/hooks";

export type Place = { at: "start" } | { at: "photo" } | { at: "job"; id: string };

export function usePlace(): Place {
  const [place, setPlace] = useState(placeOf);
  useEffect(() => {
    const changed = () => setPlace(placeOf());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return place;
}

export function hashOf(place: Place): string {
  return place.at === "job" ? `#job/${place.id}` : place.at === "photo" ? "#photo" : "#start";
}

export function go(place: Place): void {
  location.hash = hashOf(place);
}

function placeOf(): Place {
  const [, id] = /^#job\/([0-9a-f]{32})$/.exec(location.hash) ?? [];
  if (id !== undefined) return { at: "job", id };
  return location.hash === "#photo" ? { at: "photo" } : { at: "start" };
}
