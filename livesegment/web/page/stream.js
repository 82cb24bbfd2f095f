// All cameras in one response, in parts: a browser opens only six connections to a server, so eight
// pictures of their own would leave two of them black and no room for anything else.

const END_OF_HEAD = [13, 10, 13, 10];
const decoder = new TextDecoder();

// Call onPart for every part until the stream ends or is aborted, with its `camera`, its `type`, its
// `bytes`, and for a fragment of a video the `time` at which it is shown.
export async function readParts(url, signal, onPart) {
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
      onPart(part);
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

// Return the first whole part, and where it ends.
function firstPart(bytes) {
  const headEnd = indexOf(bytes, END_OF_HEAD);
  if (headEnd < 0) return null;
  const head = decoder.decode(bytes.subarray(0, headEnd));
  const begin = headEnd + END_OF_HEAD.length;
  const end = begin + Number(field(head, "content-length"));
  if (bytes.length < end) return null;
  const time = field(head, "x-time");
  return {
    camera: field(head, "x-camera"),
    type: field(head, "content-type"),
    time: time === "" ? null : Number(time),
    bytes: bytes.slice(begin, end),
    end,
  };
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
