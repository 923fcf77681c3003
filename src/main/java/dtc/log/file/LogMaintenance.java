package dtc.log.file;

import dtc.log.LogRecord;
import dtc.log.file.FileName.Kind;
import dtc.log.file.SegmentReader.Valid;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/**
 * Maintenance operations for operators, on a log that no coordinator uses. Each operation passes a report to a
 * consumer, line by line.
 */
public final class LogMaintenance {

    private static final FileDecisionLog.Settings SETTINGS = new FileDecisionLog.Settings(16 << 20, 0, 0, 0);
    private static final int VERIFY_ATTEMPTS_MAX = 10;

    private final Storage storage;
    private final RandomGenerator random;
    private final Instant now;
    private final Consumer<String> report;

    /** The result of {@link #verify}. */
    public enum VerifyResult {
        INTACT,
        DAMAGED,
        /** The storage contains no log. */
        NO_LOG
    }

    public LogMaintenance(Storage storage, RandomGenerator random, Instant now, Consumer<String> report) {
        this.storage = storage;
        this.random = random;
        this.now = now;
        this.report = report;
    }

    // Verifying

    /**
     * Checks all files. Changes nothing and needs no lock; a process may be using the log.
     *
     * @param check throws an {@link IllegalArgumentException} if it cannot read a record
     */
    public VerifyResult verify(Consumer<LogRecord> check) throws IOException {
        List<Damage> before = List.of();
        for (int attempt = 1; ; attempt++) {
            List<Damage> found = new ArrayList<>();
            try {
                LogDirectory directory = LogDirectory.read(storage, found::add);
                long[] records = {0};
                for (Segment segment : directory.segments()) {
                    directory.read(segment, (_, record) -> {
                        records[0]++;
                        checkRecord(segment, record, check, found);
                    });
                }
                // If the log is in use, a file may change while it is read. Real damage is found again.
                if (found.isEmpty() || found.equals(before) || attempt == VERIFY_ATTEMPTS_MAX) {
                    return report(directory, found, records[0]);
                }
                before = found;
            } catch (IOException failure) {
                if (attempt == VERIFY_ATTEMPTS_MAX) {
                    throw failure;
                }
            }
        }
    }

    private static void checkRecord(Segment segment, Valid record, Consumer<LogRecord> check, List<Damage> found) {
        if (!Payload.isForgotten(record.payload())) {
            try {
                check.accept(Payload.decode(record.payload()));
            } catch (IllegalArgumentException rejected) {
                found.add(new Damage(
                        segment.name(), record.offset(), String.valueOf(rejected.getMessage()), Damage.Remedy.UPGRADE));
            }
        }
    }

    private VerifyResult report(LogDirectory directory, List<Damage> found, long records) {
        if (!found.isEmpty()) {
            found.forEach(damage -> report.accept(UnreadableLogException.describe(storage, damage)));
            return VerifyResult.DAMAGED;
        }
        if (directory.isEmpty()) {
            report.accept("%s contains no log. Check the name of the directory".formatted(storage.location()));
            return VerifyResult.NO_LOG;
        }
        Manifest manifest = directory.manifest();
        report.accept(String.format(
                Locale.ROOT,
                "the log in %s is not damaged: %d records in %d segments%s",
                storage.location(),
                records,
                directory.segments().size(),
                manifest == null
                        ? ""
                        : String.format(Locale.ROOT, ", epoch %d, tag %04x", manifest.epoch(), manifest.tag())));
        if (manifest != null) {
            manifest.notes().forEach(report);
        }
        return VerifyResult.INTACT;
    }

    // Changing the identity

    /** Presumes abort for all ids that have the tag and no record. */
    public void adopt(int tag) throws IOException {
        String name = formatTag(tag);
        changeManifest(manifest -> manifest.withAdoptedTag(tag, now + " adopted tag " + name + ", presuming abort"));
        report.accept("abort is presumed for transactions with tag %s that have no record in %s"
                .formatted(name, storage.location()));
    }

    /**
     * Assigns a new tag to a log that was restored from a copy. Abort is no longer presumed for ids with the previous
     * tag, because they may have been decided after the copy was made.
     */
    public void retag() throws IOException {
        int tag = random.nextInt(TransactionId.TAG_MAX + 1);
        String[] previous = {""};
        changeManifest(manifest -> {
            previous[0] = formatTag(manifest.tag());
            return manifest.withTag(tag, now + " changed tag " + previous[0] + " to " + formatTag(tag));
        });
        report.accept(("the log in %s has the new tag %s. Transactions with the previous tag %s that have no record are"
                        + " PENDING. When all are resolved: log adopt %s %s --presume-abort")
                .formatted(storage.location(), formatTag(tag), previous[0], storage.location(), previous[0]));
    }

    private static String formatTag(int tag) {
        return String.format(Locale.ROOT, "%04x", tag);
    }

    private void changeManifest(UnaryOperator<Manifest> change) throws IOException {
        if (LogDirectory.read(storage, _ -> {}).isEmpty()) {
            throw new IOException("%s contains no log. Check the name of the directory".formatted(storage.location()));
        }
        LogOpener.open(storage, new LogOpener.Options(SETTINGS, random, report, change))
                .close();
    }

    // Repairing

    /**
     * Makes a damaged log readable again, without the records that are lost. The intact records are copied, and all old
     * files are kept under other names. Since decisions may be lost, the log gets a new tag, as in {@link #retag}.
     *
     * @return whether the log was damaged; otherwise nothing is changed
     */
    public boolean repair() throws IOException {
        storage.lock();
        try {
            Claim claim = Claim.acquire(storage);
            List<Damage> found = new ArrayList<>();
            LogDirectory directory = LogDirectory.read(storage, found::add);
            Map<TransactionId, Valid> live = new LinkedHashMap<>();
            for (Segment segment : directory.manifest() == null ? findAllSegments() : directory.segments()) {
                int before = found.size();
                directory.read(segment, (_, record) -> {
                    TransactionId id = Payload.id(record.payload());
                    live.remove(id);
                    if (!Payload.isForgotten(record.payload())) {
                        live.put(id, record);
                    }
                });
                for (Damage damage : List.copyOf(found.subList(before, found.size()))) {
                    reportLost(segment, damage);
                }
            }
            if (found.isEmpty()) {
                claim.release();
                report.accept("the log in %s is not damaged".formatted(storage.location()));
                return false;
            }
            found.forEach(damage ->
                    report.accept("lost: " + damage.file() + ", byte " + damage.offset() + ": " + damage.reason()));
            writeRepairedLog(claim, directory, List.copyOf(live.values()));
            return true;
        } finally {
            storage.close();
        }
    }

    /** Returns all segments, for a log without a manifest that lists them. */
    private List<Segment> findAllSegments() throws IOException {
        List<FileName> names = new ArrayList<>();
        for (String name : storage.names()) {
            FileName parsed = FileName.parse(name);
            if (parsed != null
                    && (parsed.kind() == Kind.SEGMENT || parsed.kind() == Kind.LEGACY_SEGMENT)
                    && !name.equals(FileName.FORMAT)
                    && storage.isFile(name)) {
                names.add(parsed);
            }
        }
        names.sort(Comparator.comparingLong(FileName::number).thenComparingInt(FileName::epoch));
        List<Segment> segments = new ArrayList<>();
        for (FileName name : names) {
            segments.add(Segment.fromHeader(storage, name));
        }
        return segments;
    }

    private void reportLost(Segment segment, Damage damage) throws IOException {
        ByteBuffer record =
                storage.read(segment.name(), damage.offset() + segment.recordHeaderBytes(), Payload.BYTES_MIN);
        if (record.remaining() == Payload.BYTES_MIN) {
            TransactionId id = Payload.id(record);
            if (id.value().version() == 7) {
                report.accept("lost: a record of transaction " + id);
            }
        }
    }

    private void writeRepairedLog(Claim claim, LogDirectory directory, List<Valid> records) throws IOException {
        int tag = random.nextInt(TransactionId.TAG_MAX + 1);
        Manifest old = directory.manifest();
        String note = now + " repaired; "
                + (old == null ? "the previous tag is lost" : "the tag was " + formatTag(old.tag()));
        Manifest base = old == null
                ? new Manifest(0, random.nextLong(), tag, 0, Set.of(), List.of(note), List.of())
                : old.withTag(tag, note);
        List<String> previous = storage.names().stream()
                .filter(name -> FileName.isLogFile(name) && !name.equals(claim.name()))
                .toList();
        LogFiles files = new LogFiles(
                storage, claim, base.withSegments(claim.epoch(), List.of()), nextNumber(previous), SETTINGS, report);
        files.addCopies(records);
        if (previous.contains(FileName.FORMAT) && !storage.isFile(FileName.FORMAT)) {
            storage.rename(FileName.FORMAT, FileName.backupName(claim.epoch(), FileName.FORMAT));
        }
        LogOpener.writeFormat(storage);
        try {
            files.start();
        } catch (NotWrittenException failure) {
            files.deleteEpochFiles();
            throw new IOException(failure.getMessage(), failure);
        }
        for (String name : previous) {
            if (!name.equals(FileName.FORMAT)) {
                storage.rename(name, FileName.backupName(claim.epoch(), name));
            }
        }
        storage.forceDirectory();
        files.close();
        report.accept(String.format(
                Locale.ROOT,
                "kept %d records. The previous files are in %s under the names %s",
                records.size(),
                storage.location(),
                FileName.backupName(claim.epoch(), "*")));
        report.accept("the log has the new tag %s. Transactions that began before and have no record are PENDING"
                .formatted(formatTag(tag)));
    }

    private static long nextNumber(List<String> names) {
        long next = 1;
        for (String name : names) {
            FileName parsed = FileName.parse(name);
            if (parsed != null) {
                next = Math.max(next, parsed.number() + 1);
            }
        }
        return next;
    }
}
