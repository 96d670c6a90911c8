/** What a video is whose words are to be others. */
import { type FilmRequest, type FilmResult, filmResultSchema } from "@smileloop/core/engine/speech-services.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";

/** Frames a second of which curves are made; where frames are not evenly apart, the most, from which each takes what is said at its time. */
export const RATES = { least: 10, most: 60 };

/** The video's own rate; a multiple or a part of it where that is beyond what curves have. */
export function curveRate(fps: number): number {
  let rate = fps;
  while (rate < RATES.least) rate *= 2;
  while (rate > RATES.most) rate /= 2;
  return rate;
}

/** `seconds`: the most that are accepted. Throws what the service `film` throws. */
export function probe(io: JobIo, video: LocalFile, seconds: number): Promise<FilmResult> {
  const request: Omit<FilmRequest, "run"> = { type: "film", inputs: { video: [fileOf(video)] }, limits: { seconds } };
  return io.serving("film").request(request, { ...io.options("probe"), result: filmResultSchema });
}
