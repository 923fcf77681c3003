package dtc.protocol;

import java.time.Instant;

/**
 * That somebody looked after a heuristic outcome, so that it needs nobody any more.
 *
 * @param by who said so, as far as callers are told apart
 * @param reason what was done about it, in their words
 */
public record Resolution(String by, Instant at, String reason) {}
