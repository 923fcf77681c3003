package dtc.console;

import dtc.protocol.State;
import java.util.Locale;

/** The meaning of a colour. It always accompanies a text. */
public enum Tone {
    PLAIN,
    BUSY,
    /** Committed, or healthy. */
    GOOD,
    /** Rolled back. */
    BACK,
    WARN,
    /** Requires action. */
    BAD;

    static Tone of(State state) {
        return switch (state) {
            case ACTIVE, PREPARING -> BUSY;
            case PREPARED, COMMITTING, ROLLING_BACK, MARKED_ROLLBACK -> WARN;
            case COMMITTED -> GOOD;
            case ROLLED_BACK -> BACK;
            case HEURISTIC -> BAD;
        };
    }

    /** The class in the style sheet. */
    public String css() {
        return name().toLowerCase(Locale.ROOT);
    }
}
