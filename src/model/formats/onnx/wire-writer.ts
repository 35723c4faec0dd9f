import { joinBytes } from "./source.ts";

const TWO_32 = 4294967296;
const encoder = new TextEncoder();

/**
 * Builds one protobuf message; nested messages and large byte fields are kept as pieces and joined once, in `finish`.
 */
export class WireWriter {
  private readonly pieces: Uint8Array[] = [];
  private buffer = new Uint8Array(64);
  private view = new DataView(this.buffer.buffer);
  private used = 0;
  private finished = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.finished + this.used;
  }

  /** int64, int32, bool or enum. What int64 cannot hold becomes its nearest end. */
  int(field: number, value: number): void {
    this.tag(field, 0);
    this.signed(value);
  }

  float(field: number, value: number): void {
    this.tag(field, 5);
    this.reserve(4);
    this.view.setFloat32(this.used, value, true);
    this.used += 4;
  }

  /** A packed list of integers; nothing at all when it is empty. */
  packedInts(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const list = new WireWriter();
    for (const value of values) list.signed(value);
    this.message(field, list);
  }

  /** Unpacked, as onnx.proto declares its lists outside of TensorProto. */
  ints(field: number, values: readonly number[]): void {
    for (const value of values) this.int(field, value);
  }

  floats(field: number, values: readonly number[]): void {
    for (const value of values) this.float(field, value);
  }

  string(field: number, text: string): void {
    this.bytes(field, encoder.encode(text));
  }

  /** As `string`, but nothing for the empty text. */
  optionalString(field: number, text: string | undefined): void {
    if (text !== undefined && text !== "") this.string(field, text);
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.tag(field, 2);
    this.varint(bytes.length, 0);
    this.raw(bytes);
  }

  message(field: number, message: WireWriter): void {
    this.tag(field, 2);
    this.varint(message.length >>> 0, Math.floor(message.length / TWO_32));
    for (const piece of message.allPieces()) this.raw(piece);
  }

  /** Fields that are encoded already. */
  raw(bytes: Uint8Array): void {
    if (bytes.length <= 256) {
      this.reserve(bytes.length);
      this.buffer.set(bytes, this.used);
      this.used += bytes.length;
      return;
    }
    this.flush();
    this.pieces.push(bytes);
    this.finished += bytes.length;
  }

  finish(): Uint8Array {
    return joinBytes(this.allPieces());
  }

  private allPieces(): readonly Uint8Array[] {
    this.flush();
    return this.pieces;
  }

  private flush(): void {
    if (this.used === 0) return;
    this.pieces.push(this.buffer.slice(0, this.used));
    this.finished += this.used;
    this.used = 0;
  }

  private tag(field: number, wireType: number): void {
    this.varint(((field << 3) | wireType) >>> 0, 0);
  }

  private signed(value: number): void {
    if (value >= 2 ** 63) this.varint(0xffffffff, 0x7fffffff);
    else if (value <= -(2 ** 63)) this.varint(0, 0x80000000);
    else {
      const whole = Math.trunc(value);
      const high = Math.floor(whole / TWO_32);
      this.varint(whole - high * TWO_32, high >>> 0);
    }
  }

  private varint(low: number, high: number): void {
    this.reserve(10);
    while (high !== 0 || low > 127) {
      this.buffer[this.used++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.buffer[this.used++] = low;
  }

  private reserve(count: number): void {
    if (this.used + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.used + count));
    larger.set(this.buffer.subarray(0, this.used));
    this.buffer = larger;
    this.view = new DataView(larger.buffer);
  }
}
