// SPDX-License-Identifier: GPL-3.0-or-later
//
// eSpeak NG as a program: texts in, sound and times out.
// Copyright (C) 2026 the authors of SmileLoop
//
// This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License as
// published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version. It is
// distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied warranty of MERCHANTABILITY
// or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License (COPYING) for more details.
/**
 * A program of its own, `node host.mjs`. It reads a JSON object a line from stdin, `{"id", "voice", "rate", "pitch", "range", "text"}`, and
 * answers each with a line of JSON and, right behind it, `bytes` bytes of sound (16 bits, little-endian, mono):
 *
 *     {"id": 1, "bytes": 8820, "hz": 22050, "events": [["word", 0, 1, 3], ["phone", 12, "ɾ"], …]}
 *     {"id": 1, "error": "voice"}        there is no such voice
 *
 * Events: `["word", ms, first character, length]`, characters (code points) counted from 1; `["phone", ms, IPA]`, an empty one being a pause.
 * The first line says `{"ready": true, "hz"}`. Nothing is kept of a text: each is spoken as the first one would be.
 */
import { createInterface } from "node:readline";
import createModule from "@echogarden/espeak-ng-emscripten";

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_TEXT_BYTES = 16 * 1024;

const module = await createModule();
const espeak = new module.eSpeakNGWorker();
const hz = espeak.get_samplerate();
// strings are handed over in a buffer that its own code enlarges for long ones: done now, so that the buffer is in every copy of the memory
for (let times = 0; times < 2; times++) espeak.set_voice("-".repeat(MAX_TEXT_BYTES));
// its noises come from random numbers that go on from text to text: with its memory as it was, the same text has the same sound
const fresh = module.HEAPU8.slice();

console.log(JSON.stringify({ ready: true, hz }));
for await (const line of createInterface({ input: process.stdin })) answer(JSON.parse(line));

function answer({ id, voice, rate, pitch, range, text }) {
  startAgain();
  if (Buffer.byteLength(text) >= MAX_TEXT_BYTES) return reply({ id, error: "length" });
  // the voice before would speak on
  if (espeak.set_voice(voice) !== 0) return reply({ id, error: "voice" });
  espeak.set_rate(rate);
  espeak.set_pitch(pitch);
  espeak.set_range(range);
  const chunks = [];
  const events = [];
  let bytes = 0;
  espeak.synthesize(text, (samples, told) => {
    if (samples?.length) {
      chunks.push(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
      bytes += samples.byteLength;
    }
    for (const { type, audio_position: ms, text_position: at, word_length: length, id: name } of told) {
      if (type === "word") events.push(["word", ms, at, length]);
      else if (type === "phoneme") events.push(["phone", ms, name]);
    }
    return bytes > MAX_BYTES;
  });
  if (bytes > MAX_BYTES) return reply({ id, error: "length" });
  reply({ id, bytes, hz, events }, chunks);
}

function startAgain() {
  module.HEAPU8.set(fresh);
  module.HEAPU8.fill(0, fresh.length);
}

function reply(message, chunks = []) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
  for (const chunk of chunks) process.stdout.write(chunk);
}
