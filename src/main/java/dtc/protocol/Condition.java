package dtc.protocol;

/**
 * A condition on the value of a key. If it does not hold, the transaction does not commit. It is evaluated at the vote,
 * against the value committed before the transaction.
 */
public sealed interface Condition {

    record Absent() implements Condition {}

    /** The value of the key is equal to {@code value}; see {@link JsonEquality}. */
    record HasValue(JsonText value) implements Condition {}

    /** Number of characters of the value; 0 if there is none. */
    default int chars() {
        return this instanceof HasValue(JsonText value) ? value.text().length() : 0;
    }
}
