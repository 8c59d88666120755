/* A proof of work: a counter for which the SHA-256 of the challenge and it begins with so many zero bits. The form can be
   sent once it is found. The digest is computed here: the browser's own answers one call at a time, too slowly. */
"use strict";

const K = (() => {
  const isPrime = (n) => { for (let d = 2; d * d <= n; d += 1) if (n % d === 0) return false; return true; };
  const found = [];
  for (let n = 2; found.length < 64; n += 1) if (isPrime(n)) found.push((Math.cbrt(n) * 4294967296) | 0);
  return Int32Array.from(found);
})();
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const w = new Int32Array(64);

function rotated(x, n) { return (x >>> n) | (x << (32 - n)); }

function compressed(state, bytes, at) {
  for (let i = 0; i < 16; i += 1) {
    const j = at + 4 * i;
    w[i] = (bytes[j] << 24) | (bytes[j + 1] << 16) | (bytes[j + 2] << 8) | bytes[j + 3];
  }
  for (let i = 16; i < 64; i += 1) {
    const s0 = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ (w[i - 15] >>> 3);
    const s1 = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ (w[i - 2] >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const t1 = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const t2 = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  return [a, b, c, d, e, f, g, h].map((each, i) => (each + state[i]) | 0);
}

/* The first 32 bits of the SHA-256 of an ASCII text. */
function head(text) {
  const length = text.length;
  const padded = new Uint8Array(((length + 8) >> 6) * 64 + 64);
  for (let i = 0; i < length; i += 1) padded[i] = text.charCodeAt(i);
  padded[length] = 0x80;
  new DataView(padded.buffer).setUint32(padded.length - 4, length * 8);
  let state = START;
  for (let at = 0; at < padded.length; at += 64) state = compressed(state, padded, at);
  return state[0] >>> 0;
}

function search(form, counter) {
  const { challenge, bits } = form.dataset;
  for (let tried = 0; tried < 4000; tried += 1, counter += 1) {
    if (head(`${challenge}.${counter}`) >>> (32 - Number(bits)) === 0) {
      form.elements.proof.value = `${challenge}.${counter}`;
      form.querySelector("button").disabled = false;
      form.querySelector("[role=status]").textContent = form.dataset.done;
      return;
    }
  }
  setTimeout(search, 0, form, counter);
}

for (const form of document.querySelectorAll("form[data-challenge]")) {
  form.hidden = false;
  search(form, 0);
}
