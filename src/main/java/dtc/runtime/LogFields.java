package dtc.runtime;

import dtc.protocol.TransactionId;
import org.jboss.logging.MDC;
import org.jspecify.annotations.Nullable;

/**
 * Names what a log line is about. A log in JSON has these names as fields, in {@code mdc}. The line itself contains
 * them in any case.
 */
public final class LogFields {

    public static final String TRANSACTION = "transaction";
    public static final String RESOURCE_MANAGER = "resourceManager";

    private LogFields() {}

    /** Logs a line about a transaction, a resource manager, or both. */
    public static void log(@Nullable TransactionId transaction, @Nullable String resourceManager, Runnable line) {
        put(TRANSACTION, transaction);
        put(RESOURCE_MANAGER, resourceManager);
        try {
            line.run();
        } finally {
            MDC.remove(TRANSACTION);
            MDC.remove(RESOURCE_MANAGER);
        }
    }

    private static void put(String field, @Nullable Object value) {
        if (value != null) {
            MDC.put(field, value.toString());
        }
    }
}
