package dtc.console;

import dtc.protocol.State;

/** A short text with a tone. */
public record Chip(String text, Tone tone) {

    static Chip of(State state) {
        return new Chip(Format.constant(state.name()), Tone.of(state));
    }
}
