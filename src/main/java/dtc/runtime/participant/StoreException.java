package dtc.runtime.participant;

import dtc.runtime.Stages;

/** A failure of a {@link ResourceStore}. The message is one line for operators. */
public final class StoreException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** The kind of failure, which determines how to recover from it. */
    public enum Kind {
        /** The storage does not answer. Opening it again may help. */
        UNAVAILABLE,
        /** The storage answers with a refusal, which may be temporary. */
        REFUSED,
        /** The configuration or the database must be changed first. */
        UNUSABLE,
        /** Another process has taken over. */
        FENCED
    }

    private final Kind kind;

    public StoreException(Kind kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    /** Returns the failure of a stage of a store. */
    static StoreException of(Throwable failure) {
        Throwable cause = Stages.unwrap(failure);
        return cause instanceof StoreException known
                ? known
                : new StoreException(Kind.UNAVAILABLE, "unexpected failure: " + cause);
    }

    public Kind kind() {
        return kind;
    }
}
