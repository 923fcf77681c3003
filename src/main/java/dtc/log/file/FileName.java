package dtc.log.file;

import dtc.protocol.TransactionId;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of a file of the log. Independent of the default locale, which may not use ASCII digits.
 *
 * @param number the number of the segment; 0 for other kinds
 * @param epoch the epoch of the process that created the file; 0 for a file of formats 1 to 3
 */
record FileName(Kind kind, long number, int epoch) {

    enum Kind {
        CLAIM("claim-([0-9]{8})"),
        /** The claim of a process that was fenced by a later one. */
        SUPERSEDED_CLAIM("claim-([0-9]{8})\\.superseded"),
        MANIFEST("manifest-([0-9]{8})"),
        /** A manifest that is being written. */
        UNFINISHED_MANIFEST("manifest-([0-9]{8})\\.new"),
        SEGMENT("segment-([0-9]{10})-([0-9]{8})\\.log"),
        /** A segment of formats 1 to 3. */
        LEGACY_SEGMENT("segment-([0-9]{10})\\.log"),
        /** A segment of formats 1 to 3 that was being created. */
        UNFINISHED_LEGACY_SEGMENT("segment-([0-9]{10})\\.log\\.new");

        private final Pattern pattern;

        Kind(String pattern) {
            this.pattern = Pattern.compile(pattern);
        }
    }

    /**
     * The name of the format file. Programs that support formats 1 to 3 only read it as their first segment, and refuse
     * its version.
     */
    static final String FORMAT = legacySegment(0);

    static String claim(int epoch) {
        return String.format(Locale.ROOT, "claim-%08d", epoch);
    }

    static String supersededClaim(int epoch) {
        return claim(epoch) + ".superseded";
    }

    static String manifest(int epoch) {
        return String.format(Locale.ROOT, "manifest-%08d", epoch);
    }

    static String unfinishedManifest(int epoch) {
        return manifest(epoch) + ".new";
    }

    static String segment(long number, int epoch) {
        return epoch == 0 ? legacySegment(number) : String.format(Locale.ROOT, "segment-%010d-%08d.log", number, epoch);
    }

    private static String legacySegment(long number) {
        return String.format(Locale.ROOT, "segment-%010d.log", number);
    }

    /** The name under which a repair keeps a file that it replaced. Ignored by the log. */
    static String backup(int epoch, String name) {
        return String.format(Locale.ROOT, "before-repair-%08d-", epoch) + name;
    }

    /** Parses a name; null if it is not a valid name of a log file. */
    static @Nullable FileName parse(String name) {
        if (!isLogFile(name)) {
            return null;
        }
        for (Kind kind : Kind.values()) {
            Matcher matcher = kind.pattern.matcher(name);
            if (matcher.matches()) {
                FileName parsed = switch (kind) {
                    case CLAIM, SUPERSEDED_CLAIM, MANIFEST, UNFINISHED_MANIFEST ->
                        new FileName(kind, 0, Integer.parseInt(matcher.group(1)));
                    case SEGMENT ->
                        new FileName(kind, Long.parseLong(matcher.group(1)), Integer.parseInt(matcher.group(2)));
                    case LEGACY_SEGMENT, UNFINISHED_LEGACY_SEGMENT ->
                        new FileName(kind, Long.parseLong(matcher.group(1)), 0);
                };
                return parsed.epoch() <= TransactionId.EPOCH_MAX ? parsed : null;
            }
        }
        return null;
    }

    /** Returns the highest epoch in the names; 0 if there is none. */
    static int highestEpoch(List<String> names) {
        int highest = 0;
        for (String name : names) {
            FileName parsed = parse(name);
            if (parsed != null) {
                highest = Math.max(highest, parsed.epoch());
            }
        }
        return highest;
    }

    /** Whether the name has a prefix that is reserved for log files. Such a name must be valid. */
    static boolean isLogFile(String name) {
        return name.startsWith("claim-") || name.startsWith("manifest-") || name.startsWith("segment-");
    }

    /** Replaces digits of other scripts by ASCII digits. */
    static String withAsciiDigits(String name) {
        StringBuilder ascii = new StringBuilder();
        name.codePoints()
                .forEach(character -> ascii.appendCodePoint(
                        Character.isDigit(character) ? '0' + Character.digit(character, 10) : character));
        return ascii.toString();
    }
}
