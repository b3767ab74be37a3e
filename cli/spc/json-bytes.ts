/** Bytes of JSON, gathered without a string for each number. Text has to be ASCII. */
export class JsonBytes {
	readonly #pieceBytes: number;
	#bytes: Buffer;
	#length = 0;
	#lastFrom = 0;

	/** @param pieceBytes from how many bytes on there is a piece to take */
	constructor(pieceBytes: number) {
		this.#pieceBytes = pieceBytes;
		this.#bytes = Buffer.allocUnsafe(pieceBytes + roomBytes);
	}

	get full(): boolean {
		return this.#length >= this.#pieceBytes;
	}

	/** What was gathered; the bytes are the caller's. */
	take(): Buffer {
		const taken = this.#bytes.subarray(0, this.#length);
		this.#bytes = Buffer.allocUnsafe(this.#pieceBytes + roomBytes);
		this.#length = 0;
		return taken;
	}

	/** At most some hundred characters between two looks at `full`. */
	text(ascii: string): void {
		for (let at = 0; at < ascii.length; at++) this.#bytes[this.#length++] = ascii.charCodeAt(at);
	}

	/** Any text as a JSON string. */
	string(text: string): void {
		const bytes = Buffer.from(JSON.stringify(text));
		if (bytes.length > roomBytes / 4) throw new RangeError("expected a short label");
		bytes.copy(this.#bytes, this.#length);
		this.#length += bytes.length;
	}

	/**
	 * A number as short as it can be read back; null for what is none or infinite. A decimal of few places is written from a
	 * whole number, which is a tenth of the work.
	 */
	number(value: number): void {
		this.#lastFrom = this.#length;
		const millionths = Math.round(value * million);
		// The shortest decimal of a double with up to 15 digits is the one it was written as.
		if (Math.abs(millionths) < 1e15 && millionths / million === value && millionths !== 0)
			this.#decimal(millionths);
		else this.text(value === 0 ? "0" : Number.isFinite(value) ? String(value) : "null");
	}

	/** The last number once more; `behind` characters of text have come after it. */
	again(behind: number): void {
		const to = this.#length - behind;
		this.#bytes.copyWithin(this.#length, this.#lastFrom, to);
		this.#length += to - this.#lastFrom;
	}

	#decimal(millionths: number): void {
		if (millionths < 0) this.#bytes[this.#length++] = minus;
		const size = Math.abs(millionths);
		const whole = Math.floor(size / million);
		this.#whole(whole);
		let rest = size - whole * million;
		if (rest === 0) return;
		let places = 6;
		while (rest % 10 === 0) {
			rest /= 10;
			places--;
		}
		this.#bytes[this.#length++] = point;
		for (let place = places - 1; place >= 0; place--) {
			this.#bytes[this.#length + place] = zero + (rest % 10);
			rest = Math.floor(rest / 10);
		}
		this.#length += places;
	}

	#whole(value: number): void {
		let digits = 1;
		for (let power = 10; power <= value; power *= 10) digits++;
		let rest = value;
		for (let place = digits - 1; place >= 0; place--) {
			const next = Math.floor(rest / 10);
			this.#bytes[this.#length + place] = zero + (rest - next * 10);
			rest = next;
		}
		this.#length += digits;
	}
}

const roomBytes = 8 * 1024;
const million = 1e6;
const [minus, point, zero] = [45, 46, 48];
