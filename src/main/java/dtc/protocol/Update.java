package dtc.protocol;

/** The effect of a write on the value of its key. */
public sealed interface Update {

    record Put(JsonText value) implements Update {}

    record Delete() implements Update {}

    /** The write only checks a condition. */
    record None() implements Update {}

    /** Number of characters of the value; 0 if there is none. */
    default int chars() {
        return this instanceof Put(JsonText value) ? value.text().length() : 0;
    }
}
