package dtc.log.file;

import java.io.IOException;
import java.util.Locale;

/** A file of the log is damaged or not supported. An operator must inspect it. */
public final class UnreadableLogException extends IOException {

    private static final long serialVersionUID = 1;

    UnreadableLogException(Storage storage, Damage damage) {
        super(describe(storage, damage));
    }

    /** Returns a sentence that names the file, the offset and the remedy. */
    static String describe(Storage storage, Damage damage) {
        return String.format(
                Locale.ROOT,
                "%s in %s, at byte %d: %s. %s",
                damage.file(),
                storage.location(),
                damage.offset(),
                damage.reason(),
                switch (damage.remedy()) {
                    case RESTORE ->
                        "Restore the file. To continue without the lost records, run this program with: log repair "
                                + storage.location() + " --lose-damaged";
                    case UPGRADE -> "Use the version of this program that wrote it; if none did, restore the file";
                    case MOVE -> "Move it out of the directory";
                    case RENAME -> "Rename it to " + FileName.withAsciiDigits(damage.file());
                });
    }
}
