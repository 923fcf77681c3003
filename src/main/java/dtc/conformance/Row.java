package dtc.conformance;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One check of the protocol.
 *
 * @param name short and stable, since users list names in files
 * @param feature the feature that the resource manager must have registered; null if it need not
 * @param rule the sentence of the documents that is checked
 */
record Row(String name, Profile profile, @Nullable String feature, Mode mode, String rule, Procedure procedure) {

    /** A group of rows. */
    enum Profile {
        /** For each resource manager. */
        CORE,
        /** One-phase commit. */
        ONE_PHASE,
        /** Several messages in one request. */
        BATCH,
        /** Data survives a restart. */
        DURABLE,
        /** Rows that take longer than 10 s. */
        SLOW;

        String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** When a row runs. */
    enum Mode {
        /** At the same time as others. */
        PARALLEL,
        /** Like {@code PARALLEL}. If it fails, it runs again alone, because the load of the others may be the cause. */
        TIMING,
        /** Alone. */
        ALONE,
        /** Alone, and again if it fails. */
        ALONE_TIMING,
        /** At the same time as the other rows that need a restart. They share one restart. */
        RESTART
    }

    /** Sends messages and throws {@link RowFailure} or {@link RowSkipped}. */
    interface Procedure {
        void run(RowContext context) throws InterruptedException;
    }

    /** Whether the row may fail because the machine is slow. */
    boolean dependsOnTime() {
        return mode == Mode.TIMING || mode == Mode.ALONE_TIMING;
    }

    static Row core(String name, String rule, Procedure procedure) {
        return new Row(name, Profile.CORE, null, Mode.PARALLEL, rule, procedure);
    }

    Row in(Profile other) {
        return new Row(name, other, feature, mode, rule, procedure);
    }

    Row needs(String needed) {
        return new Row(name, profile, needed, mode, rule, procedure);
    }

    Row when(Mode other) {
        return new Row(name, profile, feature, other, rule, procedure);
    }
}
