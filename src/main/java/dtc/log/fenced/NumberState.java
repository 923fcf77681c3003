package dtc.log.fenced;

/** The state of a number. */
public sealed interface NumberState {

    /** A process holds the number. */
    record Issued(Owner owner) implements NumberState {}

    /** All transactions of the number have finished, and their retention has ended. */
    record Done() implements NumberState {}

    /** The number was not issued yet. */
    record NeverIssued() implements NumberState {}
}
