package dtc.console;

import dtc.protocol.State;
import java.util.Locale;

/** A word or two with a tone. */
public record Chip(String text, Tone tone) {

    static Chip of(State state) {
        return new Chip(words(state.name()), Tone.of(state));
    }

    /** {@code ROLLED_BACK} is "rolled back". */
    static String words(String constant) {
        return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
