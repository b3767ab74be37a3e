/**
 * OPC UA counts time in ticks of 100 ns; one millisecond has this many. A time is kept as two numbers, because ticks
 * since 1970 do not fit a double: whole milliseconds, and the rest in ticks (0 to 9,999).
 */
export const ticksPerMs = 10_000;
