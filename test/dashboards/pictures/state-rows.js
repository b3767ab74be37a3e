// State timelines: @grafana/ui has none, so their rows are laid out here, with Grafana's texts and colours of each value.

/** Stretches of one text, of what a frame's second field says, one for each time or until the next; null is nothing. */
export function stretchesOf(frame, { fromMs, toMs }, ofStretches) {
	const [time, field] = frame.fields;
	const [first = 0, second = 0] = time.values;
	const found = [];
	for (const [index, value] of field.values.entries()) {
		if (value === null) continue;
		const { text, color } = field.display(value);
		const atMs = time.values[index];
		const endMs = ofStretches ? atMs + second - first : (time.values[index + 1] ?? toMs);
		const last = found.at(-1);
		if (last?.text === text && last.toMs >= atMs) last.toMs = endMs;
		else found.push({ text, color, fromMs: Math.max(fromMs, atMs), toMs: endMs });
	}
	return found.map((stretch) => ({ ...stretch, toMs: Math.min(toMs, stretch.toMs) }));
}
