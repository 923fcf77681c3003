package dtc.log;

/** The result of an append. Each result defines what the caller may and may not conclude from it. */
public sealed interface AppendResult {

    /**
     * The record is durable: every later replay returns it or a newer record of the same transaction. The caller may
     * act on the decision.
     */
    record Stored() implements AppendResult {}

    /**
     * The record was not written and never will be. The caller may proceed as if it had not appended the record, so it
     * may roll back the transaction.
     *
     * @param reason for clients and operators
     */
    record Refused(String reason) implements AppendResult {}

    /**
     * Another process now owns the log and finishes its transactions. The record may or may not be stored. The caller
     * must not conclude or send any outcome, must not append the record again, and must abandon the transaction.
     */
    record Fenced() implements AppendResult {}

    /**
     * The record may or may not be stored; only a later replay shows which. The caller must neither commit nor roll
     * back, and must not append the record again. The transaction stays undecided until the log is replayed.
     */
    record Unknown() implements AppendResult {}
}
