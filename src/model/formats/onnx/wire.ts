import { ModelError } from "../../errors.ts";
import type { ByteSource } from "./source.ts";

/** Where a length-delimited field's content lies in the file. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** The file ends before what it announces. */
export class TruncatedError extends ModelError {
  constructor(
    what: string,
    readonly byte: number,
    readonly missing: number,
  ) {
    super(
      `The file ends too early: ${what} needs at least ${missing} more byte${missing === 1 ? "" : "s"}.`,
      `byte ${byte}`,
      "It was probably truncated during download or copying: fetch it again.",
    );
  }
}

/** Deeper than any model in use nests (a graph inside a graph is 4 messages); protobuf itself stops at 100. */
const DEEPEST_MESSAGE = 100;
const LONGEST_TEXT = 64 * 1024 * 1024;
const TWO_32 = 4294967296;
const WIRE_TYPES = ["varint", "64-bit", "length-delimited", "group start", "group end", "32-bit", "6", "7"];
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const float = new DataView(new ArrayBuffer(8));

/**
 * Walks the fields of one protobuf message inside a byte source, reading nothing that nobody asks for:
 *
 *     while (reader.next()) switch (reader.field) { case 1: x = reader.int(); break; }
 *
 * Fields that are not taken are skipped. Every length is checked against the enclosing message; whatever does not fit
 * is a ModelError with the byte. (protobuf's wire format: https://protobuf.dev/programming-guides/encoding)
 */
export class WireReader {
  /** Number of the current field. */
  field = 0;
  private wireType = 0;
  private taken = true;
  private fieldStart = 0;
  private low = 0;
  private high = 0;
  private page: Uint8Array = new Uint8Array(0);
  private pageStart = 0;

  private constructor(
    readonly source: ByteSource,
    /** The message's name in onnx.proto, for errors. */
    readonly message: string,
    private position: number,
    private readonly end: number,
    private readonly depth: number,
    /** The last message of the file may announce more than the file has: what is there can still be read. */
    private readonly openEnded: boolean,
    /** Announced bytes that the file does not have. */
    private readonly missing: number,
  ) {}

  /** A reader over a whole source. */
  static over(source: ByteSource, message: string): WireReader {
    return new WireReader(source, message, 0, source.size, 0, true, 0);
  }

  /**
   * Moves to the next field; false at the message's end. Throws TruncatedError there when the file ended before the
   * message did.
   */
  next(): boolean {
    if (!this.taken) this.skip();
    if (this.position >= this.end) {
      if (this.missing > 0) throw new TruncatedError(this.message, this.end, this.missing);
      return false;
    }
    this.fieldStart = this.position;
    this.varint();
    this.field = this.low >>> 3;
    this.wireType = this.low & 7;
    if (this.high !== 0 || this.field === 0) this.malformed(`${this.message} has a field with an impossible number`);
    this.taken = false;
    return true;
  }

  /** int64, int32, bool or enum; beyond 2^53 the nearest double. */
  int(): number {
    this.take(0);
    this.varint();
    return this.signed();
  }

  float(): number {
    this.take(5);
    return this.fixed32();
  }

  /** A repeated integer field, packed or not. */
  ints(into: number[]): void {
    if (this.wireType !== 2) {
      into.push(this.int());
      return;
    }
    const stop = this.enterPacked();
    while (this.position < stop) {
      this.varint();
      if (this.position > stop) this.malformed(`a packed list in ${this.message} ends inside a number`);
      into.push(this.signed());
    }
  }

  /** A repeated float field, packed or not. */
  floats(into: number[]): void {
    if (this.wireType !== 2) {
      into.push(this.float());
      return;
    }
    const start = this.position;
    const stop = this.enterPacked();
    if ((stop - this.position) % 4 !== 0)
      this.malformed(`a packed list of floats in ${this.message} is not a multiple of 4 bytes`, start);
    while (this.position < stop) into.push(this.fixed32());
  }

  /** Text; bytes that are not UTF-8 become U+FFFD. */
  string(): string {
    return utf8.decode(this.text());
  }

  /** Text, with its bytes where they are not UTF-8. */
  stringOrBytes(): { value: string; bytes?: Uint8Array } {
    const bytes = this.text();
    try {
      return { value: strictUtf8.decode(bytes) };
    } catch {
      return { value: utf8.decode(bytes), bytes };
    }
  }

  /** A copy of a length-delimited field's content. */
  bytes(): Uint8Array {
    const { offset, length } = this.range();
    return this.source.read(offset, length);
  }

  /** The current field as it is encoded, tag included. */
  encoded(): Uint8Array {
    this.skip();
    return this.source.read(this.fieldStart, this.position - this.fieldStart);
  }

  /** Where a length-delimited field's content lies; it is not read. */
  range(): ByteRange {
    const length = this.enter();
    const offset = this.position;
    if (length > this.end - offset) {
      this.position = this.end;
      this.overrun(length - (this.end - offset), offset);
    }
    this.position += length;
    return { offset, length };
  }

  /** As `range`, but at the file's end gives what is there, with how many bytes are missing. */
  rangeOrRest(): ByteRange & { missing: number } {
    const length = this.enter();
    const offset = this.position;
    const missing = Math.max(0, length - (this.end - offset));
    if (missing > 0 && !this.openEnded) this.overrun(missing, offset);
    this.position = missing > 0 ? this.end : offset + length;
    return { offset, length: length - missing, missing };
  }

  /** A repeated numeric field's place: a packed run, or one value of this wire type. Not read. */
  numericRange(single: "varint" | "32-bit" | "64-bit"): ByteRange & { packed: boolean } {
    if (this.wireType === 2) return { ...this.range(), packed: true };
    this.take(WIRE_TYPES.indexOf(single));
    const offset = this.position;
    this.skipValue();
    return { offset, length: this.position - offset, packed: false };
  }

  /** A reader over the message in the current field. */
  child(message: string): WireReader {
    if (this.depth >= DEEPEST_MESSAGE) this.malformed(`messages are nested more than ${DEEPEST_MESSAGE} deep`);
    const { offset, length, missing } = this.rangeOrRest();
    return new WireReader(this.source, message, offset, offset + length, this.depth + 1, missing > 0, missing);
  }

  /** The byte where the current field starts. */
  get byte(): number {
    return this.fieldStart;
  }

  malformed(what: string, byte = this.fieldStart): never {
    throw new ModelError(
      `This is not a valid ONNX file: ${what}.`,
      `byte ${byte}`,
      "It is damaged, or not an ONNX model.",
    );
  }

  private overrun(missing: number, byte: number): never {
    if (this.openEnded) throw new TruncatedError(`field ${this.field} of ${this.message}`, this.end, missing);
    return this.malformed(
      `field ${this.field} of ${this.message} is ${missing} ${missing === 1 ? "byte" : "bytes"} longer than the message around it`,
      byte,
    );
  }

  private take(wireType: number): void {
    if (this.wireType !== wireType) {
      this.malformed(
        `field ${this.field} of ${this.message} is stored as ${WIRE_TYPES[this.wireType]} instead of ${WIRE_TYPES[wireType]}`,
      );
    }
    this.taken = true;
  }

  private enter(): number {
    this.take(2);
    this.varint();
    return this.high * TWO_32 + this.low;
  }

  /** Enters a packed list and returns where it stops; the list itself is read by the caller. */
  private enterPacked(): number {
    const length = this.enter();
    if (length > this.end - this.position) this.overrun(length - (this.end - this.position), this.position);
    return this.position + length;
  }

  private text(): Uint8Array {
    const { offset, length } = this.range();
    if (length > LONGEST_TEXT) this.malformed(`a text in ${this.message} has ${length} bytes`);
    return this.source.read(offset, length);
  }

  private skip(): void {
    this.taken = true;
    this.skipValue();
  }

  private skipValue(): void {
    switch (this.wireType) {
      case 0:
        this.varint();
        break;
      case 1:
        this.advance(8);
        break;
      case 2:
        this.range();
        break;
      case 5:
        this.advance(4);
        break;
      default:
        this.malformed(
          `field ${this.field} of ${this.message} has the wire type "${WIRE_TYPES[this.wireType]}", which ONNX never uses`,
        );
    }
  }

  private advance(count: number): void {
    if (count > this.end - this.position) this.overrun(count - (this.end - this.position), this.position);
    this.position += count;
  }

  private fixed32(): number {
    if (this.end - this.position < 4) this.overrun(4 - (this.end - this.position), this.position);
    for (let i = 0; i < 4; i++) float.setUint8(i, this.next8());
    return float.getFloat32(0, true);
  }

  private signed(): number {
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** Reads a varint of up to 10 bytes into `low` and `high`, 32 bits each. */
  private varint(): void {
    let byte = this.next8();
    if (byte < 128) {
      this.low = byte;
      this.high = 0;
      return;
    }
    const start = this.position - 1;
    let low = byte & 127;
    let high = 0;
    for (let shift = 7; byte >= 128; shift += 7) {
      if (shift > 63) this.malformed("a number is longer than 10 bytes", start);
      byte = this.next8();
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
    }
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  private next8(): number {
    const at = this.position;
    if (at >= this.end) this.overrun(Math.max(1, this.missing), at);
    let index = at - this.pageStart;
    if (index < 0 || index >= this.page.length) {
      ({ bytes: this.page, start: this.pageStart } = this.source.page(at));
      index = at - this.pageStart;
    }
    this.position = at + 1;
    return this.page[index];
  }
}
