package dtc.runtime.coordinator;

import dtc.protocol.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * The answer to an inquiry.
 *
 * @param reason why the outcome is pending, if the transaction is not known here; otherwise null
 */
public record InquiryAnswer(Outcome outcome, @Nullable String reason) {}
