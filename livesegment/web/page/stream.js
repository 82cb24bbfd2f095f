// Motion JPEG of all cameras in one response: a browser opens only six connections to a server,
// so eight pictures of their own would leave two of them black and no room for anything else.

const END_OF_HEAD = [13, 10, 13, 10];
const decoder = new TextDecoder();

// Call onPicture(name, blob) for every picture until the stream ends or is aborted.
export async function readPictures(url, signal, onPicture) {
  const answer = await fetch(url, { signal, cache: "no-store", headers: { Accept: "multipart/mixed" } });
  if (!answer.ok) throw new StreamRefused(answer.status);
  const reader = answer.body.getReader();
  let bytes = new Uint8Array(0);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    bytes = joined(bytes, value);
    let part;
    while ((part = firstPart(bytes)) !== null) {
      onPicture(part.name, new Blob([bytes.subarray(part.begin, part.end)], { type: "image/jpeg" }));
      bytes = bytes.subarray(part.end);
    }
  }
}

export class StreamRefused extends Error {
  constructor(status) {
    super(`the stream was refused: ${status}`);
    this.status = status;
  }
}

function joined(one, other) {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

// Return where the first whole part begins and ends, and whose picture it is.
function firstPart(bytes) {
  const headEnd = indexOf(bytes, END_OF_HEAD);
  if (headEnd < 0) return null;
  const head = decoder.decode(bytes.subarray(0, headEnd));
  const begin = headEnd + END_OF_HEAD.length;
  const end = begin + Number(field(head, "content-length"));
  return bytes.length < end ? null : { name: field(head, "x-camera"), begin, end };
}

function field(head, name) {
  const line = head.split("\r\n").find((each) => each.toLowerCase().startsWith(`${name}:`));
  return line === undefined ? "" : line.slice(name.length + 1).trim();
}

function indexOf(bytes, wanted) {
  for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    if (wanted.every((value, offset) => bytes[at + offset] === value)) return at;
  }
  return -1;
}
