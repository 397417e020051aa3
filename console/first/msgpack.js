// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md), as flytekit packs
// dataclasses and dictionaries. Whole numbers beyond 2^53 become BigInt.

class Reader {
  constructor(bytes) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  number(method, size) {
    const value = this.view[method](this.at);
    this.at += size;
    if (typeof value !== "bigint") return value;
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
      ? Number(value) : value;
  }

  length(size) {
    return this.number({ 1: "getUint8", 2: "getUint16", 4: "getUint32" }[size], size);
  }

  bytes(count) {
    const part = new Uint8Array(this.view.buffer, this.view.byteOffset + this.at, count);
    this.at += count;
    return part;
  }

  text(count) {
    return new TextDecoder().decode(this.bytes(count));
  }

  list(count) {
    const items = [];
    for (let index = 0; index < count; ++index) items.push(this.value());
    return items;
  }

  map(count) {
    const entries = [];
    for (let index = 0; index < count; ++index) entries.push([String(this.value()), this.value()]);
    return new Map(entries);
  }

  extension(count) {
    const type = this.number("getInt8", 1);
    return `extension ${type} of ${this.bytes(count).length} bytes`;
  }

  value() {
    const head = this.number("getUint8", 1);
    if (head < 0x80) return head;
    if (head < 0x90) return this.map(head & 0x0f);
    if (head < 0xa0) return this.list(head & 0x0f);
    if (head < 0xc0) return this.text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    if (head >= 0xd4 && head <= 0xd8) return this.extension(1 << (head - 0xd4));
    switch (head) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: case 0xc5: case 0xc6:
        return `${this.bytes(this.length(1 << (head - 0xc4))).length} bytes`;
      case 0xc7: case 0xc8: case 0xc9: return this.extension(this.length(1 << (head - 0xc7)));
      case 0xca: return this.number("getFloat32", 4);
      case 0xcb: return this.number("getFloat64", 8);
      case 0xcc: case 0xcd: case 0xce: return this.length(1 << (head - 0xcc));
      case 0xcf: return this.number("getBigUint64", 8);
      case 0xd0: return this.number("getInt8", 1);
      case 0xd1: return this.number("getInt16", 2);
      case 0xd2: return this.number("getInt32", 4);
      case 0xd3: return this.number("getBigInt64", 8);
      case 0xd9: case 0xda: case 0xdb: return this.text(this.length(1 << (head - 0xd9)));
      case 0xdc: case 0xdd: return this.list(this.length(head === 0xdc ? 2 : 4));
      case 0xde: case 0xdf: return this.map(this.length(head === 0xde ? 2 : 4));
      default: throw new RangeError(`no MessagePack: byte ${head}`);
    }
  }
}

/** The value in base64-encoded MessagePack. RangeError when it is none. */
export function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Reader(bytes).value();
}
