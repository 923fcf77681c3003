package dtc.console;

/** A short text with a tone. */
public record Chip(String text, Tone tone) {}
