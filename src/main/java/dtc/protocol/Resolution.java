package dtc.protocol;

import java.time.Instant;

/**
 * The resolution of a heuristic outcome by an operator.
 *
 * @param by the principal of the operator, or a placeholder if callers are not authenticated
 * @param reason the actions of the operator, as free text
 */
public record Resolution(String by, Instant at, String reason) {}
