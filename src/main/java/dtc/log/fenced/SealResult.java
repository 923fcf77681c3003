package dtc.log.fenced;

/** The result of sealing a number. */
public sealed interface SealResult {

    /** This process holds the number. It must read its log before it answers for its transactions. */
    record Sealed(Held held) implements SealResult {}

    /** The owner key is not the expected one: another process has sealed the number, or it is done. */
    record Changed() implements SealResult {}

    /** Another process has sealed the number of this process. */
    record Fenced() implements SealResult {}

    /** The log of the number has a format that this process cannot read. Nothing was changed. */
    record UnknownFormat() implements SealResult {}
}
