/** The 15 mouth shapes of speech, in the order of the network's outputs (Oculus/Meta "OVR LipSync" visemes). */
export const VISEMES = ["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U"] as const;
export type Viseme = (typeof VISEMES)[number];
