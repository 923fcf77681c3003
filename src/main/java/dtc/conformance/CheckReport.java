package dtc.conformance;

import dtc.conformance.RowResult.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * The results of a run.
 *
 * @param knownFailing the names of rows that may fail
 */
record CheckReport(List<RowResult> results, Set<String> knownFailing) {

    /** Whether a row failed that may not fail. */
    boolean hasFailed() {
        return count(this::isFailure) > 0;
    }

    private boolean isKnown(RowResult result) {
        return knownFailing.contains(result.row().name());
    }

    private boolean isFailure(RowResult result) {
        return result.status() == Status.FAILED && !isKnown(result);
    }

    private long count(Predicate<RowResult> predicate) {
        return results.stream().filter(predicate).count();
    }

    void print(PrintStream out) {
        for (RowResult result : results) {
            String name = result.row().name();
            switch (result.status()) {
                case PASSED -> out.println("passed   " + name + (isKnown(result) ? " (listed as known to fail)" : ""));
                case FAILED -> {
                    out.println("FAILED   " + name + (isKnown(result) ? " (known)" : ""));
                    out.println(result.detail().indent(9).stripTrailing());
                }
                case SKIPPED -> out.println("SKIPPED  " + name + ": " + result.detail());
            }
        }
        long known = count(result -> result.status() == Status.FAILED && isKnown(result));
        out.printf(
                Locale.ROOT,
                "%d passed, %d failed, %s%d skipped%n",
                count(result -> result.status() == Status.PASSED),
                count(this::isFailure),
                known == 0 ? "" : known + " known to fail, ",
                count(result -> result.status() == Status.SKIPPED));
    }

    /** Writes the results in the format of JUnit. A known failure is a skipped test. */
    void writeJunit(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            XMLStreamWriter xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(out, "UTF-8");
            xml.writeStartDocument("UTF-8", "1.0");
            xml.writeStartElement("testsuite");
            xml.writeAttribute("name", "rm check");
            xml.writeAttribute("tests", Integer.toString(results.size()));
            xml.writeAttribute("failures", Long.toString(count(this::isFailure)));
            xml.writeAttribute(
                    "skipped", Long.toString(count(result -> result.status() != Status.PASSED && !isFailure(result))));
            for (RowResult result : results) {
                write(result, xml);
            }
            xml.writeEndElement();
            xml.writeEndDocument();
            xml.close();
        } catch (XMLStreamException e) {
            throw new IOException(e);
        }
    }

    private void write(RowResult result, XMLStreamWriter xml) throws XMLStreamException {
        xml.writeStartElement("testcase");
        xml.writeAttribute("classname", "rm.check." + result.row().profile().text());
        xml.writeAttribute("name", result.row().name());
        xml.writeAttribute(
                "time", String.format(Locale.ROOT, "%.3f", result.duration().toMillis() / 1000.0));
        if (result.status() != Status.PASSED) {
            xml.writeStartElement(isFailure(result) ? "failure" : "skipped");
            xml.writeAttribute("message", printable(result.detail()));
            xml.writeEndElement();
        }
        xml.writeEndElement();
    }

    /** Replaces what XML cannot contain. */
    private static String printable(String text) {
        return text.replaceAll("[^\\n\\t\\x20-\\uD7FF\\uE000-\\uFFFD]", "?");
    }
}
