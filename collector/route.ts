/**
 * The places that a batch passes, in order: a unit, or the list of those that do the same work side by side, of which a batch passes
 * one.
 */
export type Route = readonly (string | readonly string[])[];

/** The units of each place, in order. */
export function placesOf(route: Route): readonly (readonly string[])[] {
	return route.map((place) => (typeof place === "string" ? [place] : place));
}

/** Every unit of a route, in its order. */
export function unitsOf(route: Route): readonly string[] {
	return placesOf(route).flat();
}
