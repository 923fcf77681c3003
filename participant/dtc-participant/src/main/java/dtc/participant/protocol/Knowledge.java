package dtc.participant.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What the database contains about a transaction.
 *
 * @param reason why the transaction was rolled back here, if that is known
 */
public record Knowledge(State state, @Nullable String reason) {

    public enum State {
        /** It has voted COMMIT and its outcome is not known here. */
        PREPARED,
        COMMITTED,
        ROLLED_BACK,
        /** Its outcome may have been removed, because it is old. */
        FORGOTTEN,
        /** Nothing, or only staged work. */
        UNKNOWN
    }

    public static Knowledge of(State state) {
        return new Knowledge(state, null);
    }
}
