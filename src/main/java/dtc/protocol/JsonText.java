package dtc.protocol;

/**
 * A JSON value as text. It preserves the text of numbers and the order of members, but not whitespace. It is
 * well-formed, since only the JSON parser creates it.
 */
public record JsonText(String text) {}
