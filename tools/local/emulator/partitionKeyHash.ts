/**
 * Partition keys are hashed with Bob Jenkins' lookup3 (hashlittle2, http://burtleburtle.net/bob/c/lookup3.c,
 * public domain), as the service and the client's buffered producer do. All of them have to agree: one key,
 * one partition.
 */

const MIX_ROTATIONS = [4, 6, 8, 16, 19, 4];
const FINAL_ROTATIONS = [14, 11, 25, 16, 4, 14, 24];
const BLOCK = 12;

/** The partition number, from 0, that owns a partition key. */
export function partitionForKey(key: string, partitionCount: number): number {
  const [, b, c] = lookup3(Buffer.from(key, 'utf8'));
  // The service keeps the lower 16 bits, as a signed number.
  const signed = ((b ^ c) << 16) >> 16;
  return Math.abs(signed % partitionCount);
}

/** The three state words after hashing with both seeds 0. */
function lookup3(key: Buffer): [a: number, b: number, c: number] {
  // Typed array elements wrap at 32 bits, which is the arithmetic the algorithm asks for.
  const state = new Uint32Array(3).fill(0xdeadbeef + key.length);
  let at = 0;
  for (; key.length - at > BLOCK; at += BLOCK) {
    addBlock(state, key, at);
    mix(state);
  }
  // An empty key is not mixed at all; a last block of 1 to 12 bytes is read as if padded with zeros.
  if (key.length > 0) {
    const padded = Buffer.alloc(BLOCK);
    key.copy(padded, 0, at);
    addBlock(state, padded, 0);
    finish(state);
  }
  return [state[0]!, state[1]!, state[2]!];
}

function addBlock(state: Uint32Array, bytes: Buffer, at: number): void {
  for (let word = 0; word < 3; word++) state[word]! += bytes.readUInt32LE(at + 4 * word);
}

/** The words take turns: each is changed by the one before it, which then takes in the one after. */
function mix(state: Uint32Array): void {
  MIX_ROTATIONS.forEach((rotation, step) => {
    const [before, current, after] = [(step + 2) % 3, step % 3, (step + 1) % 3];
    state[current]! -= state[before]!;
    state[current]! ^= rotateLeft(state[before]!, rotation);
    state[before]! += state[after]!;
  });
}

function finish(state: Uint32Array): void {
  FINAL_ROTATIONS.forEach((rotation, step) => {
    const [before, current] = [(step + 1) % 3, (step + 2) % 3];
    state[current]! ^= state[before]!;
    state[current]! -= rotateLeft(state[before]!, rotation);
  });
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
