package dtc.console;

import dtc.protocol.State;
import java.util.Locale;

/** What a colour stands for; words always go with it. */
public enum Tone {
    /** Nothing to say. */
    PLAIN,
    /** Under way. */
    BUSY,
    /** Committed, or well. */
    GOOD,
    /** Rolled back: as it should, though somebody may ask why. */
    BACK,
    /** Takes longer than it should. */
    WARN,
    /** Needs a person. */
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
