// WebSocket frames to and from bytes, right ones and wrong ones (RFC 6455 §5.2).

export const op = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

const key = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/**
 * A frame as a client sends it. What is wrong with it is said by the options: reserved bits, no mask, a length that is not the
 * payload's, or one in a longer form (2 or 8 bytes) than it needs.
 */
export function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true, length, form } = {}) {
  const data = Buffer.from(payload);
  const declared = BigInt(length ?? data.length);
  const size = form ?? (declared < 126n ? 0 : declared < 65_536n ? 2 : 8);
  const head = Buffer.alloc(2 + size);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (size === 0 ? Number(declared) : size === 2 ? 126 : 127);
  if (size === 2) head.writeUInt16BE(Number(declared), 2);
  if (size === 8) head.writeBigUInt64BE(declared, 2);
  return masked ? Buffer.concat([head, key, data.map((byte, i) => byte ^ key[i % 4])]) : Buffer.concat([head, data]);
}

export function closePayload(code, reason = '') {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return Buffer.concat([payload, Buffer.from(reason)]);
}

/** Cuts the first frame of a server off its bytes: {opcode, payload, rest}. Null when it is not complete. */
export function cutFrame(bytes) {
  const size = { 126: 2, 127: 8 }[bytes[1]] ?? 0;
  if (bytes.length < 2 + size) return null;
  const length = size === 2 ? bytes.readUInt16BE(2) : size === 8 ? Number(bytes.readBigUInt64BE(2)) : bytes[1];
  const end = 2 + size + length;
  return bytes.length < end ? null : { opcode: bytes[0] & 15, payload: bytes.subarray(2 + size, end), rest: bytes.subarray(end) };
}
