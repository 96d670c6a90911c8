/** Whose request this is. */

/** The owner of whatever a server without keys makes. */
export const LOCAL_OWNER = "local";

export function ownerOf(_request: Request): string {
  return LOCAL_OWNER;
}
