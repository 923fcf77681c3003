package dtc.log.file;

import dtc.log.file.Manifest.SegmentEntry;
import dtc.log.file.SegmentReader.Valid;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * Opens the log: claims it, reads it, and writes a manifest of the new epoch. The records must not be used before the
 * manifest is written.
 *
 * <p>No file of an earlier process is changed, because that process may still be running: it may write to its newest
 * segment, or truncate it, until it finds that its claim is superseded. The new manifest therefore lists that segment
 * only up to the last byte that the earlier process can no longer truncate: the records before that byte were forced
 * and may have been acknowledged. The records after it are copied to a segment of the new epoch and forced, whether or
 * not the earlier process forced them.
 */
final class LogOpener {

    /**
     * Options for opening a log.
     *
     * @param notice receives notices for operators
     * @param change applied to the manifest of the new epoch before it is written
     */
    record Options(
            FileDecisionLog.Settings settings,
            RandomGenerator random,
            Consumer<String> notice,
            UnaryOperator<Manifest> change) {}

    private final Storage storage;
    private final Claim claim;
    private final Options options;

    private LogOpener(Storage storage, Claim claim, Options options) {
        this.storage = storage;
        this.claim = claim;
        this.options = options;
    }

    /**
     * Locks and claims the storage, and reads the log.
     *
     * @throws UnreadableLogException if a record that was or may have been acknowledged is damaged
     * @throws FencedException if another process claims the storage concurrently
     */
    static LogFiles open(Storage storage, Options options) throws IOException {
        storage.lock();
        try {
            return new LogOpener(storage, Claim.acquire(storage), options).openLog();
        } catch (IOException | RuntimeException failure) {
            try {
                storage.close();
            } catch (IOException closeFailure) {
                failure.addSuppressed(closeFailure);
            }
            throw failure;
        }
    }

    private LogFiles openLog() throws IOException {
        LogFiles files;
        try {
            files = read();
        } catch (IOException | RuntimeException failure) {
            claim.releaseAfter(failure);
            throw failure;
        }
        try {
            files.start();
        } catch (NotWrittenException failure) {
            files.deleteEpochFiles();
            claim.releaseAfter(failure);
            throw new IOException(failure.getMessage(), failure);
        }
        deleteUnlisted(files.manifest());
        try {
            files.prepare();
        } catch (NotWrittenException failure) {
            options.notice().accept("the next segment cannot be created in advance: " + failure.getMessage());
        }
        return files;
    }

    private LogFiles read() throws IOException {
        LogDirectory directory = LogDirectory.read(storage, this::rejectDamage);
        writeFormat(storage);
        Manifest found = directory.manifest();
        Manifest base = found == null ? createManifest(directory.entries()) : found;
        LogFiles files = new LogFiles(
                storage,
                claim,
                options.change().apply(base.withSegments(claim.epoch(), List.of())),
                directory.nextNumber(),
                options.settings(),
                options.notice());
        List<Valid> newest = new ArrayList<>();
        for (Segment segment : directory.segments()) {
            if (directory.isOpen(segment)) {
                LogDirectory.End end = directory.read(segment, (_, record) -> newest.add(record));
                if (end.tornTail() != null) {
                    options.notice()
                            .accept(String.format(
                                    Locale.ROOT,
                                    "ignored the torn tail of %s in %s at byte %d (%s)",
                                    segment.name(),
                                    storage.location(),
                                    end.offset(),
                                    end.tornTail()));
                }
                addOpenSegment(files, segment, directory.acknowledgedOffset(segment), newest);
            } else {
                files.addExistingSegment(segment);
                directory.read(segment, files::addRecord);
            }
        }
        return files;
    }

    /**
     * Rejects a damaged log. Checks the claim first, because another process may have changed the log while it was
     * read.
     */
    private void rejectDamage(Damage damage) throws IOException {
        claim.check();
        throw new UnreadableLogException(storage, damage);
    }

    /** Writes the format file. Program versions that use formats 1 to 3 refuse a directory with this file. */
    static void writeFormat(Storage storage) throws IOException {
        ByteBuffer format = Segment.encodeFormatFile();
        if (storage.names().contains(FileName.FORMAT)) {
            if (storage.size(FileName.FORMAT) == format.remaining()
                    && storage.read(FileName.FORMAT, 0, format.remaining()).equals(format)) {
                return;
            }
            storage.delete(FileName.FORMAT);
        }
        storage.create(FileName.FORMAT);
        storage.write(FileName.FORMAT, 0, format);
        storage.force(FileName.FORMAT);
        storage.forceDirectory();
    }

    /**
     * Creates the identity of the log. If the log contains records of formats 1 to 3, also writes a manifest that lists
     * their segments.
     */
    private Manifest createManifest(List<SegmentEntry> legacy) throws IOException {
        int tag = options.random().nextInt(TransactionId.TAG_MAX + 1);
        // Until now, earlier versions of the program issued ids without a tag.
        long untilMillis = legacy.isEmpty() ? 0 : System.currentTimeMillis();
        Manifest created = new Manifest(0, options.random().nextLong(), tag, untilMillis, Set.of(), List.of(), legacy);
        if (!legacy.isEmpty()) {
            EpochFiles files = new EpochFiles(storage, claim);
            try {
                files.write(created);
            } catch (NotWrittenException failure) {
                files.deleteUnused();
                throw new IOException(failure.getMessage(), failure);
            }
        }
        return created;
    }

    private static void addOpenSegment(LogFiles files, Segment segment, long acknowledged, List<Valid> records) {
        long keptBytes = acknowledged;
        for (Valid record : records) {
            keptBytes = Math.max(keptBytes, record.forcedTo());
        }
        segment.resize(keptBytes);
        if (!segment.isEmpty()) {
            files.addExistingSegment(segment);
        }
        List<Valid> rest = new ArrayList<>();
        for (Valid record : records) {
            if (record.offset() + record.length() <= keptBytes) {
                files.addRecord(segment, record);
            } else {
                rest.add(record);
            }
        }
        files.addCopies(rest);
    }

    /** Deletes files of earlier processes that are not listed. They are never read again, so failures are harmless. */
    private void deleteUnlisted(Manifest manifest) throws IOException {
        Set<String> listed =
                manifest.segments().stream().map(SegmentEntry::name).collect(Collectors.toSet());
        for (String name : storage.names()) {
            FileName parsed = FileName.parse(name);
            if (parsed == null
                    || parsed.epoch() >= claim.epoch()
                    || listed.contains(name)
                    || name.equals(FileName.FORMAT)) {
                continue;
            }
            try {
                storage.delete(name);
            } catch (IOException failure) {
                options.notice().accept("a file that is no longer needed cannot be deleted: " + failure.getMessage());
            }
        }
    }
}
