package dtc.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.conformance.RowResult.Status;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CheckReportTest {

    private static RowResult result(String row, Status status, String detail) {
        return new RowResult(Row.core(row, "rule", _ -> {}), status, detail, Duration.ZERO);
    }

    @Test
    void a_row_that_passes_although_it_is_known_to_fail_is_reported() {
        CheckReport report = new CheckReport(
                List.of(
                        result("a", Status.PASSED, ""),
                        result("b", Status.PASSED, ""),
                        result("c", Status.FAILED, "sent\nreceived"),
                        result("d", Status.SKIPPED, "reason")),
                Set.of("b"));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        report.print(new PrintStream(out, true, StandardCharsets.UTF_8));
        assertEquals("""
                passed   a
                passed   b (listed as known to fail)
                FAILED   c
                         sent
                         received
                SKIPPED  d: reason
                2 passed, 1 failed, 1 skipped
                """, out.toString(StandardCharsets.UTF_8));
        assertTrue(report.hasFailed());
        assertFalse(new CheckReport(report.results(), Set.of("c")).hasFailed());
    }
}
