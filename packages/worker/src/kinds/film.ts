/** What a video is whose words are to be others. */
import { type FilmRequest, type FilmResult, filmResultSchema } from "@smileloop/core/engine/speech-services.ts";
import { fileOf, type JobIo, type LocalFile } from "../job-io.ts";

/** `seconds`: the most that are accepted. Throws what the service `film` throws. */
export function probe(io: JobIo, video: LocalFile, seconds: number): Promise<FilmResult> {
  const request: Omit<FilmRequest, "run"> = { type: "film", inputs: { video: [fileOf(video)] }, limits: { seconds } };
  return io.serving("film").request(request, { ...io.options("probe"), result: filmResultSchema });
}
