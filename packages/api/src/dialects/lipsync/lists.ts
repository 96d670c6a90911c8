/** What the clients of this dialect can choose from, as its original listed it. */
export const MODELS = {
  models: ["lipsync-1", "lipsync-2"],
  total_count: 2,
  descriptions: {
    "lipsync-1": "Basic lipsync model",
    "lipsync-2": "Advanced lipsync model with better quality",
  },
} as const;

export const SYNC_MODES = {
  sync_modes: ["cut_off", "loop", "fade"],
  total_count: 3,
  descriptions: {
    cut_off: "Cut off audio/video at the end of the shorter one",
    loop: "Loop the shorter content to match the longer one",
    fade: "Fade out the longer content to match the shorter one",
  },
} as const;
