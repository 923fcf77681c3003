package dtc.protocol;

/**
 * A JSON value kept as the text it came in, so that nothing of it (a long number, the order of its members) is lost on
 * the way through. Well-formed: only the JSON parser at the edge makes one.
 */
public record JsonText(String text) {}
