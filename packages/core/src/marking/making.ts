/** How a file came about, in the words that its signature has for it. */

/** What a job did with its inputs. `parent`: the slot of the file that was changed, or only encoded in another way. */
export type Making = { action: "created" } | { action: "edited" | "transcoded"; parent: string };

/**
 * Where what an engine makes comes from (IPTC, NewsCodes "Digital Source Type"): a photograph with parts that a model has made, or a model
 * alone.
 */
export type SourceType = "compositeWithTrainedAlgorithmicMedia" | "trainedAlgorithmicMedia";
