package dtc.runtime;

import dtc.protocol.TransactionId;
import org.jboss.logging.MDC;
import org.jspecify.annotations.Nullable;

/**
 * Sets the transaction and the resource manager of a log line in the MDC. A JSON log contains them as fields below
 * {@code mdc}. The message itself contains them in any format.
 */
public final class LogFields {

    public static final String TRANSACTION = "transaction";
    public static final String RESOURCE_MANAGER = "resourceManager";
    public static final String TRACE = "traceId";

    private LogFields() {}

    /** Logs a line about a transaction, a resource manager, or both. */
    public static void log(@Nullable TransactionId transaction, @Nullable String resourceManager, Runnable line) {
        log(transaction, resourceManager, null, line);
    }

    /**
     * Logs a line about a transaction in a trace.
     *
     * @param trace the id of the trace; null if there is none
     */
    public static void log(
            @Nullable TransactionId transaction,
            @Nullable String resourceManager,
            @Nullable String trace,
            Runnable line) {
        put(TRANSACTION, transaction);
        put(RESOURCE_MANAGER, resourceManager);
        put(TRACE, trace);
        try {
            line.run();
        } finally {
            MDC.remove(TRANSACTION);
            MDC.remove(RESOURCE_MANAGER);
            MDC.remove(TRACE);
        }
    }

    private static void put(String field, @Nullable Object value) {
        if (value != null) {
            MDC.put(field, value.toString());
        }
    }
}
