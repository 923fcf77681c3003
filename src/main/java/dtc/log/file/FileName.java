package dtc.log.file;

import dtc.protocol.TransactionId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The name of a file of the log. Independent of the default locale, which may not use ASCII digits.
 *
 * @param number the number of the segment; 0 for other kinds
 * @param epoch the epoch of the process that created the file; 0 for a file of formats 1 to 3
 */
record FileName(Kind kind, long number, int epoch) {

    /** A kind of file. In its layout, each N is a digit of the number and each E a digit of the epoch. */
    enum Kind {
        CLAIM("claim-EEEEEEEE"),
        /** The claim of a process that was fenced by a later one. */
        SUPERSEDED_CLAIM("claim-EEEEEEEE.superseded"),
        MANIFEST("manifest-EEEEEEEE"),
        /** A manifest that is being written. */
        UNFINISHED_MANIFEST("manifest-EEEEEEEE.new"),
        SEGMENT("segment-NNNNNNNNNN-EEEEEEEE.log"),
        /** A segment of formats 1 to 3. */
        LEGACY_SEGMENT("segment-NNNNNNNNNN.log"),
        /** A segment of formats 1 to 3 that was being created. */
        UNFINISHED_LEGACY_SEGMENT("segment-NNNNNNNNNN.log.new");

        private static final char NUMBER = 'N';
        private static final char EPOCH = 'E';

        private final String layout;

        Kind(String layout) {
            this.layout = layout;
        }

        /** Parses a name; null if it does not have this layout. */
        private @Nullable FileName parse(String name) {
            if (name.length() != layout.length()) {
                return null;
            }
            long number = 0;
            long epoch = 0;
            for (int i = 0; i < name.length(); i++) {
                char expected = layout.charAt(i);
                char actual = name.charAt(i);
                if (expected != NUMBER && expected != EPOCH) {
                    if (actual != expected) {
                        return null;
                    }
                    continue;
                }
                int digit = actual - '0';
                if (digit < 0 || digit > 9) {
                    return null;
                }
                if (expected == NUMBER) {
                    number = 10 * number + digit;
                } else {
                    epoch = 10 * epoch + digit;
                }
            }
            return new FileName(this, number, (int) epoch);
        }
    }

    private static final List<Kind> KINDS = List.of(Kind.values());

    /**
     * The name of the format file. Programs that support only formats 1 to 3 read it as their first segment, and refuse
     * its version.
     */
    static final String FORMAT = legacySegment(0);

    static String claim(int epoch) {
        return "claim-" + zeroPad(epoch, 8);
    }

    static String supersededClaim(int epoch) {
        return claim(epoch) + ".superseded";
    }

    static String manifest(int epoch) {
        return "manifest-" + zeroPad(epoch, 8);
    }

    static String unfinishedManifest(int epoch) {
        return manifest(epoch) + ".new";
    }

    static String segment(long number, int epoch) {
        return epoch == 0 ? legacySegment(number) : "segment-" + zeroPad(number, 10) + "-" + zeroPad(epoch, 8) + ".log";
    }

    private static String legacySegment(long number) {
        return "segment-" + zeroPad(number, 10) + ".log";
    }

    /** Returns a number in ASCII digits, with leading zeros. */
    static String zeroPad(long number, int width) {
        String digits = Long.toString(number);
        return "0".repeat(Math.max(0, width - digits.length())) + digits;
    }

    /** The name under which a repair keeps a file that it replaced. Ignored by the log. */
    static String backupName(int epoch, String name) {
        return "before-repair-" + zeroPad(epoch, 8) + "-" + name;
    }

    /** Parses a name; null if it is not a valid name of a log file. */
    static @Nullable FileName parse(String name) {
        for (Kind kind : KINDS) {
            FileName parsed = kind.parse(name);
            if (parsed != null) {
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

    /** Replaces digits of other scripts with ASCII digits. */
    static String withAsciiDigits(String name) {
        StringBuilder ascii = new StringBuilder();
        name.codePoints()
                .forEach(character -> ascii.appendCodePoint(
                        Character.isDigit(character) ? '0' + Character.digit(character, 10) : character));
        return ascii.toString();
    }
}
