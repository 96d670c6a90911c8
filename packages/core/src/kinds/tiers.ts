/** What a personalised file is: its tiers, from a sound with a name before it to a video whose lips say it. */

export type Tier = {
  name: string;
  /** A sentence for people. */
  says: string;
  /** What is made for each recipient. */
  makes: "audio" | "video";
  /**
   * Where the words go: at the very beginning in place of what is said first, or after what is said last (`beside`); in place of what is said
   * first; or in place of every marker.
   */
  place: "beside" | "first" | "markers";
  /** Whether the words are stretched or compressed to last as long as what they replace. */
  fits: boolean;
  /** Whether the lips say the new words. */
  lipSync: "never" | "asked" | "always";
};

export const TIERS = [
  {
    name: "silver",
    says: "The sound of the video with the words put in.",
    makes: "audio",
    place: "beside",
    fits: false,
    lipSync: "never",
  },
  {
    name: "gold",
    says: "The words replace what is said first, fitted to its time; the picture stays.",
    makes: "video",
    place: "first",
    fits: true,
    lipSync: "never",
  },
  {
    name: "diamond",
    says: "The words replace what is said first, at their own speed.",
    makes: "video",
    place: "first",
    fits: false,
    lipSync: "asked",
  },
  {
    name: "platinum",
    says: "Words replace every marker that is spoken, and the lips say them.",
    makes: "video",
    place: "markers",
    fits: true,
    lipSync: "always",
  },
] as const satisfies readonly Tier[];

export type TierName = (typeof TIERS)[number]["name"];
export const TIER_NAMES = TIERS.map(({ name }) => name) as [TierName, ...TierName[]];

export function tierOf(name: TierName): Tier {
  return TIERS.find((tier) => tier.name === name)!;
}
