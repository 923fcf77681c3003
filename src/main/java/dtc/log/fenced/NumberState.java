package dtc.log.fenced;

/** The state of a number. */
public sealed interface NumberState {

    /** A process holds the number. */
    record Issued(Owner owner) implements NumberState {}

    /** All transactions of the number have finished, and their retention is over. */
    record Done() implements NumberState {}

    /** No process had the number yet. */
    record NeverIssued() implements NumberState {}
}
