package dtc.protocol;

/**
 * A JSON value kept as text, so that nothing of it (the digits of a long number, the order of its members) is lost on
 * the way through. White space and the sign of a zero are not kept. Well-formed: only the JSON parser at the edge makes
 * one.
 */
public record JsonText(String text) {}
