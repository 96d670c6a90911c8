/** Records the microphone. Browsers write what they like (WebM, MP4): every server takes the WAV that this makes of it. */

export type Recording = { startedAt: number; stop: () => Promise<Blob>; cancel: () => void };

/** Longer recordings end by themselves. */
const MOST_MS = 120_000;
const RATE = 24_000;

/** Throws where the microphone is not there or not allowed. */
export async function startRecording(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const chunks: Blob[] = [];
  recorder.ondataavailable = ({ data }) => chunks.push(data);
  const ended = new Promise<void>((resolve) => {
    recorder.onstop = () => resolve();
  });
  const cancel = () => {
    if (recorder.state !== "inactive") recorder.stop();
    for (const track of stream.getTracks()) track.stop();
  };
  const timer = setTimeout(cancel, MOST_MS);
  recorder.start();
  return {
    startedAt: Date.now(),
    cancel,
    stop: async () => {
      clearTimeout(timer);
      cancel();
      await ended;
      return toWav(new Blob(chunks, { type: recorder.mimeType }));
    },
  };
}

async function toWav(recorded: Blob): Promise<Blob> {
  const { length, duration } = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await recorded.arrayBuffer());
  const context = new OfflineAudioContext(1, Math.max(1, length), RATE);
  const source = context.createBufferSource();
  source.buffer = await context.decodeAudioData(await recorded.arrayBuffer());
  source.connect(context.destination);
  source.start(0, 0, duration);
  return wavOf((await context.startRendering()).getChannelData(0));
}

/** One channel of 16 bits. */
export function wavOf(samples: Float32Array): Blob {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at: number, letters: string) => {
    for (let i = 0; i < letters.length; i++) view.setUint8(at + i, letters.charCodeAt(i));
  };
  text(0, "RIFF");
  view.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, i) => {
    view.setInt16(44 + i * 2, Math.max(-1, Math.min(1, sample)) * 0x7fff, true);
  });
  return new Blob([view], { type: "audio/wav" });
}
