package dtc.client;

import org.jspecify.annotations.Nullable;

/** The transaction that the current thread works in. Filters send its id with calls to other services. */
public final class TransactionContext {

    /** The header that carries the id of a transaction. */
    public static final String HEADER = "DTC-Transaction";

    private static final ThreadLocal<@Nullable String> CURRENT = new ThreadLocal<>();

    private TransactionContext() {}

    /** Returns the id of the transaction, or null. */
    public static @Nullable String current() {
        return CURRENT.get();
    }

    /** Sets the transaction of this thread until the scope is closed on it. */
    public static Scope enter(String transaction) {
        String before = CURRENT.get();
        CURRENT.set(transaction);
        return () -> {
            if (before == null) {
                CURRENT.remove();
            } else {
                CURRENT.set(before);
            }
        };
    }

    /** Restores what was set before. */
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }
}
