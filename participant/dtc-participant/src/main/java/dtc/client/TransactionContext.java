package dtc.client;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The transaction that the current thread works in. Filters send its id with calls to other services. */
public final class TransactionContext {

    /** The header that carries the id of a transaction. */
    public static final String HEADER = "DTC-Transaction";

    private static final Pattern ID = Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");

    private static final ThreadLocal<@Nullable String> CURRENT = new ThreadLocal<>();

    private TransactionContext() {}

    /** Returns the id of the transaction, or null. */
    public static @Nullable String current() {
        return CURRENT.get();
    }

    /**
     * Sets the transaction of this thread until the scope is closed on it.
     *
     * @throws IllegalArgumentException if the id is not that of a transaction
     */
    public static Scope enter(String transaction) {
        String before = CURRENT.get();
        CURRENT.set(requireId(transaction));
        return () -> {
            if (before == null) {
                CURRENT.remove();
            } else {
                CURRENT.set(before);
            }
        };
    }

    /**
     * Returns the id of a transaction as it is.
     *
     * @throws IllegalArgumentException if it is not one
     */
    public static String requireId(String transaction) {
        if (!ID.matcher(transaction).matches()) {
            throw new IllegalArgumentException(HEADER + " is not a UUID");
        }
        return transaction;
    }

    /** Restores what was set before. */
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }
}
