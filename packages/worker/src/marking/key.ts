/** The secret that marks are made with and found by. `id` tells versions of it apart. */
export type MarkKey = { id: string; secret: Uint8Array };
