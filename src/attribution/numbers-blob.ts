import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Lists of ids as they lie in the memory: mostly ascending by one, so that differences deflate to almost nothing. */
export function packNumbers(numbers: Int32Array): Buffer {
  const differences = new Int32Array(numbers.length);
  let last = 0;
  numbers.forEach((number, i) => {
    differences[i] = number - last;
    last = number;
  });
  return deflateRawSync(bytesOf(differences), { level: 1 });
}

export function unpackNumbers(packed: Uint8Array): Int32Array {
  const bytes = inflateRawSync(packed);
  const numbers = new Int32Array(bytes.length / 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let last = 0;
  for (let i = 0; i < numbers.length; i++) numbers[i] = last = (last + view.getInt32(i * 4, true)) | 0;
  return numbers;
}

function bytesOf(numbers: Int32Array): Buffer {
  const bytes = Buffer.allocUnsafe(numbers.length * 4);
  numbers.forEach((number, i) => bytes.writeInt32LE(number, i * 4));
  return bytes;
}
