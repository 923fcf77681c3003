package dtc.log;

/** How an append ended. Each result says what the caller may conclude from it, and what it must not. */
public sealed interface AppendResult {

    /**
     * The record is durable: every later replay returns it, or a newer record of the same transaction. The caller may
     * act upon the decision.
     */
    record Stored() implements AppendResult {}

    /**
     * The record was not written and never will be. The caller may act as if it had never asked, and so may roll the
     * transaction back.
     *
     * @param reason for clients and operators
     */
    record Refused(String reason) implements AppendResult {}

    /**
     * Another process owns the log now, and finishes its transactions. The record may or may not be stored. The caller
     * must not conclude or send any outcome, must not append the record again, and must give up the transaction.
     */
    record Fenced() implements AppendResult {}

    /**
     * The record may or may not be stored, and this process will not find out: only a later replay can tell. The caller
     * must neither commit nor roll back, and must not append the record again. The transaction stays undecided until
     * the log is replayed.
     */
    record Unknown() implements AppendResult {}
}
