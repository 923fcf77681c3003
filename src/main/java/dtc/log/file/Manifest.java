package dtc.log.file;

import dtc.log.LogIdentity;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * The content of a manifest file: the identity of the log, and the segments that belong to it. The file is text and
 * ends with a checksum:
 *
 * <pre>
 * decision log, format 4
 * epoch 00000005
 * log 1f0c9a3355d0e781
 * tag 3fa2
 * ids-without-tag pending
 * adopted 11bb
 * note 2026-11-29T08:00:00Z adopted tag 11bb
 * segment 0000000012 00000004 1048576
 * segment 0000000013 00000005 open
 * checksum 0a1b2c3d
 * </pre>
 *
 * @param epoch the epoch of the process that wrote the manifest; 0 if it lists the segments of a log of formats 1 to 3
 *     that has not been converted yet
 * @param logId a random id, which is also in the header of each segment
 * @param tag see {@link LogIdentity#tag}
 * @param idsWithoutTagUntilMillis see {@link LogIdentity#idsWithoutTagUntilMillis}
 * @param adoptedTags see {@link LogIdentity#adoptedTags}
 * @param notes the maintenance operations that operators performed, and when
 * @param segments in the order in which they are read
 */
record Manifest(
        int epoch,
        long logId,
        int tag,
        long idsWithoutTagUntilMillis,
        Set<Integer> adoptedTags,
        List<String> notes,
        List<SegmentEntry> segments) {

    /**
     * A segment of the log.
     *
     * @param length the number of bytes that belong to the log; {@link #OPEN} if the process with this epoch still
     *     appends to the segment
     */
    record SegmentEntry(long number, int epoch, long length) {
        static final long OPEN = -1;

        String name() {
            return FileName.segment(number, epoch);
        }

        boolean isOpen() {
            return length == OPEN;
        }
    }

    private static final String FIRST_LINE = "decision log, format " + Segment.VERSION;
    private static final Pattern CHECKSUM = Pattern.compile("checksum ([0-9a-f]{8})\n");
    private static final int CHECKSUM_LINE_LENGTH = "checksum 00000000\n".length();
    private static final Pattern SEGMENT = Pattern.compile("segment ([0-9]{10}) ([0-9]{8}) (open|[0-9]{1,18})");
    private static final Pattern FORMAT = Pattern.compile("decision log, format ([0-9]{1,9})\n(?s:.*)");
    /** Written if {@link #idsWithoutTagUntilMillis} is 0. */
    private static final String PENDING = "pending";

    Manifest {
        adoptedTags = Set.copyOf(adoptedTags);
        notes = List.copyOf(notes);
        segments = List.copyOf(segments);
    }

    Manifest withSegments(int newEpoch, List<SegmentEntry> newSegments) {
        return new Manifest(newEpoch, logId, tag, idsWithoutTagUntilMillis, adoptedTags, notes, newSegments);
    }

    Manifest withAdoptedTag(int adopted, String note) {
        Set<Integer> tags = new TreeSet<>(adoptedTags);
        tags.add(adopted);
        return new Manifest(epoch, logId, tag, idsWithoutTagUntilMillis, tags, withNote(note), segments);
    }

    /** Returns a copy with a new tag. Abort is no longer presumed for ids with the previous tag or without a tag. */
    Manifest withTag(int newTag, String note) {
        return new Manifest(epoch, logId, newTag, 0, adoptedTags, withNote(note), segments);
    }

    private List<String> withNote(String note) {
        List<String> all = new ArrayList<>(notes);
        all.add(note);
        return all;
    }

    LogIdentity identity() {
        return new LogIdentity(tag, epoch, adoptedTags, idsWithoutTagUntilMillis);
    }

    ByteBuffer encode() {
        StringBuilder text = new StringBuilder();
        appendLine(text, FIRST_LINE);
        appendLine(text, "epoch " + FileName.zeroPad(epoch, 8));
        appendLine(text, String.format(Locale.ROOT, "log %016x", logId));
        appendLine(text, String.format(Locale.ROOT, "tag %04x", tag));
        appendLine(
                text,
                "ids-without-tag "
                        + (idsWithoutTagUntilMillis == 0 ? PENDING : Long.toString(idsWithoutTagUntilMillis)));
        for (int adopted : new TreeSet<>(adoptedTags)) {
            appendLine(text, String.format(Locale.ROOT, "adopted %04x", adopted));
        }
        for (String note : notes) {
            appendLine(text, "note " + note);
        }
        for (SegmentEntry entry : segments) {
            appendLine(
                    text,
                    "segment " + FileName.zeroPad(entry.number(), 10) + " " + FileName.zeroPad(entry.epoch(), 8) + " "
                            + (entry.isOpen() ? "open" : Long.toString(entry.length())));
        }
        appendLine(text, String.format(Locale.ROOT, "checksum %08x", computeChecksum(text.toString())));
        return ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void appendLine(StringBuilder text, String line) {
        text.append(line).append('\n');
    }

    private static int computeChecksum(String text) {
        CRC32C checksum = new CRC32C();
        checksum.update(text.getBytes(StandardCharsets.ISO_8859_1));
        return (int) checksum.getValue();
    }

    /** Returns the format in the first line; 0 if there is none. */
    static int readFormat(ByteBuffer bytes) {
        Matcher matcher = FORMAT.matcher(StandardCharsets.ISO_8859_1.decode(bytes.duplicate()));
        return matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
    }

    /** @throws IllegalArgumentException if the manifest is damaged; the message describes the damage */
    static Manifest decode(ByteBuffer bytes) {
        String text = StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString();
        int end = text.length() - CHECKSUM_LINE_LENGTH;
        Matcher checksum = CHECKSUM.matcher(end < 0 ? "" : text.substring(end));
        if (!checksum.matches()) {
            throw new IllegalArgumentException("the last line is not a checksum");
        }
        String content = text.substring(0, end);
        if (Integer.parseUnsignedInt(checksum.group(1), 16) != computeChecksum(content)) {
            throw new IllegalArgumentException("the checksum does not match");
        }
        return new Parser(content).parse();
    }

    /** Parses the lines of a manifest whose checksum is valid. */
    private static final class Parser {
        private final List<String> lines;
        private int nextLine;

        private Parser(String content) {
            lines = content.lines().toList();
        }

        private Manifest parse() {
            if (lines.isEmpty() || !lines.get(nextLine++).equals(FIRST_LINE)) {
                throw new IllegalArgumentException("the first line is not: " + FIRST_LINE);
            }
            int epoch = Integer.parseInt(readValue("epoch "));
            long logId = Long.parseUnsignedLong(readValue("log "), 16);
            int tag = Integer.parseInt(readValue("tag "), 16);
            String withoutTag = readValue("ids-without-tag ");
            long untilMillis = withoutTag.equals(PENDING) ? 0 : Long.parseLong(withoutTag);
            Set<Integer> adopted = new TreeSet<>();
            while (nextStartsWith("adopted ")) {
                adopted.add(Integer.parseInt(readValue("adopted "), 16));
            }
            List<String> notes = new ArrayList<>();
            while (nextStartsWith("note ")) {
                notes.add(readValue("note "));
            }
            List<SegmentEntry> segments = new ArrayList<>();
            while (nextLine < lines.size()) {
                segments.add(parseEntry(lines.get(nextLine++)));
            }
            return new Manifest(epoch, logId, tag, untilMillis, adopted, notes, segments);
        }

        private boolean nextStartsWith(String key) {
            return nextLine < lines.size() && lines.get(nextLine).startsWith(key);
        }

        /** Returns the rest of the next line, which must start with the key. */
        private String readValue(String key) {
            if (!nextStartsWith(key)) {
                throw new IllegalArgumentException(
                        String.format(Locale.ROOT, "line %d does not start with: %s", nextLine + 1, key));
            }
            return lines.get(nextLine++).substring(key.length());
        }

        private static SegmentEntry parseEntry(String line) {
            Matcher matcher = SEGMENT.matcher(line);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("unknown line: " + line);
            }
            String length = matcher.group(3);
            return new SegmentEntry(
                    Long.parseLong(matcher.group(1)),
                    Integer.parseInt(matcher.group(2)),
                    length.equals("open") ? SegmentEntry.OPEN : Long.parseLong(length));
        }
    }
}
