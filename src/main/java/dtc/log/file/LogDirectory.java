package dtc.log.file;

import dtc.log.file.Claim.Position;
import dtc.log.file.Damage.Remedy;
import dtc.log.file.FileName.Kind;
import dtc.log.file.Manifest.SegmentEntry;
import dtc.log.file.SegmentReader.Invalid;
import dtc.log.file.SegmentReader.Valid;
import dtc.log.file.SegmentReader.Zeros;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log files in a directory, and their records. Changes nothing. The newest manifest lists the segments;
 * without a manifest, the directory is empty or contains a log of formats 1 to 3.
 */
final class LogDirectory {

    /** Receives each damage that is found. If it throws, reading stops. */
    interface DamageHandler {
        void handle(Damage damage) throws IOException;
    }

    /** Receives the valid records of a segment. */
    interface RecordHandler {
        void accept(Segment segment, Valid record) throws IOException;
    }

    /** The end of the records of a segment. {@code tornTail}: why the record at the end is invalid; null if none is. */
    record End(long offset, @Nullable String tornTail) {}

    private static final int READ_ATTEMPTS_MAX = 10;

    private final Storage storage;
    private final DamageHandler damageHandler;
    /** The names of the files of the log. */
    private final Map<String, FileName> names = new TreeMap<>();

    private final List<Segment> segments = new ArrayList<>();
    private @Nullable Manifest manifest;
    private Position acknowledged = new Position(0, 0, 0);
    /** Whether a process may still append to the last segment, so that it can have a torn tail. */
    private boolean lastIsOpen;

    private LogDirectory(Storage storage, DamageHandler damages) {
        this.storage = storage;
        this.damageHandler = damages;
    }

    /** Copies the content of another instance, with another damage handler. */
    private LogDirectory(LogDirectory other, DamageHandler damages) {
        this(other.storage, damages);
        segments.addAll(other.segments);
        manifest = other.manifest;
        acknowledged = other.acknowledged;
        lastIsOpen = other.lastIsOpen;
    }

    static LogDirectory read(Storage storage, DamageHandler damages) throws IOException {
        LogDirectory directory = new LogDirectory(storage, damages);
        directory.readNames();
        directory.readFormat();
        directory.readManifest();
        return directory;
    }

    /** Reads a directory that another process may be changing. Reports damage only if two consecutive reads find it. */
    static LogDirectory readStable(Storage storage, DamageHandler damages) throws IOException {
        List<Damage> before = List.of();
        for (int attempt = 1; ; attempt++) {
            List<Damage> found = new ArrayList<>();
            LogDirectory directory;
            try {
                directory = read(storage, found::add);
            } catch (IOException failure) {
                if (attempt == READ_ATTEMPTS_MAX) {
                    throw failure;
                }
                continue; // a file may have been deleted concurrently
            }
            if (found.equals(before) || attempt == READ_ATTEMPTS_MAX) {
                for (Damage damage : found) {
                    damages.handle(damage);
                }
                return new LogDirectory(directory, damages);
            }
            before = found;
        }
    }

    /** Null if the directory contains no log, or a log of formats 1 to 3. */
    @Nullable
    Manifest manifest() {
        return manifest;
    }

    /** Whether there is no log yet. */
    boolean isEmpty() {
        return manifest == null && segments.isEmpty();
    }

    /** The segments of the log, in the order in which they are read. */
    List<Segment> segments() {
        return segments;
    }

    /** The number of the next segment. */
    long nextNumber() {
        return segments.isEmpty() ? 1 : segments.getLast().number() + 1;
    }

    boolean isOpen(Segment segment) {
        return lastIsOpen && segment == segments.getLast();
    }

    /** The end of the records that the last process is known to have acknowledged in the segment. */
    long acknowledgedOffset(Segment segment) {
        return acknowledged.segment() == segment.number() ? acknowledged.offset() : segment.headerBytes();
    }

    /** The segments as in a manifest. */
    List<SegmentEntry> entries() {
        return segments.stream()
                .map(segment -> new SegmentEntry(
                        segment.number(), segment.epoch(), isOpen(segment) ? SegmentEntry.OPEN : segment.sizeBytes()))
                .toList();
    }

    private void report(String file, long offset, String reason, Remedy remedy) throws IOException {
        damageHandler.handle(new Damage(file, offset, reason, remedy));
    }

    private void readNames() throws IOException {
        for (String name : storage.names()) {
            FileName parsed = FileName.parse(name);
            if (parsed != null) {
                if (storage.isFile(name)) {
                    names.put(name, parsed);
                } else if (storage.names().contains(name)) { // not deleted concurrently
                    report(name, 0, "this is not a file", Remedy.RESTORE);
                }
            } else if (FileName.isLogFile(name)) {
                boolean otherDigits = FileName.parse(FileName.withAsciiDigits(name)) != null;
                report(name, 0, "a file of the log cannot have this name", otherDigits ? Remedy.RENAME : Remedy.MOVE);
            }
        }
    }

    /** Checks the format file. A damaged one is ignored, because the next start replaces it. */
    private void readFormat() throws IOException {
        if (!names.containsKey(FileName.FORMAT)) {
            return;
        }
        names.remove(FileName.FORMAT);
        ByteBuffer expected = Segment.encodeFormatFile();
        ByteBuffer header = storage.read(FileName.FORMAT, 0, expected.remaining());
        byte version = Segment.readVersion(header);
        if (version > Segment.VERSION && header.equals(Segment.encodeFormatFile(version))) {
            report(
                    FileName.FORMAT,
                    0,
                    "format version " + version + " is not supported; this program reads versions 1 to "
                            + Segment.VERSION,
                    Remedy.UPGRADE);
        } else if (storage.size(FileName.FORMAT) > expected.remaining()) {
            report(FileName.FORMAT, 0, "this is not the format file of a log", Remedy.MOVE);
        }
    }

    // The manifest

    private void readManifest() throws IOException {
        int epoch = highestEpoch(Kind.MANIFEST);
        int confirmed = highestConfirmed();
        if (epoch < 0) {
            int last = confirmed > 0 ? confirmed : highestEpoch(Kind.SEGMENT);
            if (last > 0) {
                report(FileName.manifest(last), 0, "the file is missing; it lists the segments", Remedy.RESTORE);
            }
            readLegacy();
            return;
        }
        if (confirmed > epoch) {
            report(FileName.manifest(confirmed), 0, "the file is missing; it lists the segments", Remedy.RESTORE);
        }
        manifest = decode(FileName.manifest(epoch), epoch);
        if (manifest != null) {
            readPosition(manifest);
            readSegments(manifest);
            checkUnlisted(manifest);
        }
    }

    private int highestEpoch(Kind kind) {
        return names.values().stream()
                .filter(name -> name.kind() == kind)
                .mapToInt(FileName::epoch)
                .max()
                .orElse(-1);
    }

    /** Returns the highest epoch whose claim contains a position: its process has written a manifest. */
    private int highestConfirmed() throws IOException {
        int highest = 0;
        for (Map.Entry<String, FileName> name : names.entrySet()) {
            int epoch = name.getValue().epoch();
            if (isClaim(name.getValue())
                    && epoch > highest
                    && Claim.readPosition(storage, name.getKey(), epoch) != null) {
                highest = epoch;
            }
        }
        return highest;
    }

    private static boolean isClaim(FileName name) {
        return name.kind() == Kind.CLAIM || name.kind() == Kind.SUPERSEDED_CLAIM;
    }

    private @Nullable Manifest decode(String name, int epoch) throws IOException {
        ByteBuffer bytes = storage.read(name, 0, Math.toIntExact(storage.size(name)));
        try {
            Manifest decoded = Manifest.decode(bytes);
            if (decoded.epoch() == epoch) {
                return decoded;
            }
            report(name, 0, "this is the manifest of another epoch", Remedy.RESTORE);
        } catch (IllegalArgumentException damaged) {
            int format = Manifest.readFormat(bytes);
            boolean isLater = format > Segment.VERSION;
            report(
                    name,
                    0,
                    isLater ? "format " + format + " is not supported" : String.valueOf(damaged.getMessage()),
                    isLater ? Remedy.UPGRADE : Remedy.RESTORE);
        }
        return null;
    }

    private void readPosition(Manifest newest) throws IOException {
        if (newest.epoch() == 0) {
            return;
        }
        boolean exists = false;
        for (String name : List.of(FileName.claim(newest.epoch()), FileName.supersededClaim(newest.epoch()))) {
            if (!names.containsKey(name)) {
                continue;
            }
            exists = true;
            Position position = Claim.readPosition(storage, name, newest.epoch());
            if (!Claim.isValid(storage, name, newest.epoch())) {
                report(name, 0, "this is not the claim of epoch " + newest.epoch(), Remedy.RESTORE);
            } else if (position != null && position.logId() != newest.logId()) {
                report(name, Claim.HEADER_BYTES, "this is a claim of another log", Remedy.RESTORE);
            } else if (position != null && position.segment() >= acknowledged.segment()) {
                acknowledged = position;
            }
        }
        if (!exists) {
            report(
                    FileName.claim(newest.epoch()),
                    0,
                    "the file is missing; it contains the position up to which records were acknowledged",
                    Remedy.RESTORE);
        }
    }

    private void readSegments(Manifest newest) throws IOException {
        String manifestName = FileName.manifest(newest.epoch());
        for (SegmentEntry entry : newest.segments()) {
            String name = entry.name();
            if (!names.containsKey(name)) {
                if (storage.names().contains(name)) {
                    continue; // reported: it is not a file
                }
                report(name, 0, "the file is missing; " + manifestName + " lists it", Remedy.RESTORE);
                continue;
            }
            long size = storage.size(name);
            if (size < entry.length()) {
                report(name, size, "the file ends here; it had " + entry.length() + " bytes", Remedy.RESTORE);
            }
            segments.add(new Segment(
                    newest.logId(),
                    entry.number(),
                    entry.epoch(),
                    Segment.versionToRead(storage.read(name, 0, Segment.HEADER_BYTES), entry.epoch()),
                    entry.isOpen() ? size : Math.min(size, entry.length())));
            lastIsOpen = entry.isOpen();
            if (!entry.isOpen() && acknowledged.segment() == entry.number() && acknowledged.offset() > entry.length()) {
                report(name, entry.length(), "records after this byte were acknowledged", Remedy.RESTORE);
            }
        }
        long last =
                newest.segments().isEmpty() ? 0 : newest.segments().getLast().number();
        if (acknowledged.segment() > last) {
            report(
                    manifestName,
                    0,
                    "it does not list segment " + acknowledged.segment()
                            + ", in which records were acknowledged; it is an older version of the file",
                    Remedy.RESTORE);
        }
    }

    /**
     * The manifest of an epoch omits a segment of that epoch only before its first record, and after it was cleaned.
     */
    private void checkUnlisted(Manifest newest) throws IOException {
        List<String> listed = newest.segments().stream().map(SegmentEntry::name).toList();
        long first =
                newest.segments().isEmpty() ? 0 : newest.segments().getFirst().number();
        for (Map.Entry<String, FileName> name : names.entrySet()) {
            FileName parsed = name.getValue();
            boolean isSegment = parsed.kind() == Kind.SEGMENT || parsed.kind() == Kind.LEGACY_SEGMENT;
            if (isSegment
                    && parsed.epoch() == newest.epoch()
                    && parsed.number() >= first
                    && !listed.contains(name.getKey())
                    && storage.size(name.getKey()) > Segment.HEADER_BYTES) {
                report(
                        name.getKey(),
                        0,
                        "the file contains records, but " + FileName.manifest(newest.epoch()) + " does not list it",
                        Remedy.RESTORE);
            }
        }
    }

    // Formats 1 to 3

    /** Segments are numbered without gaps. */
    private void readLegacy() throws IOException {
        for (Map.Entry<String, FileName> name : names.entrySet()) {
            if (name.getValue().kind() != Kind.LEGACY_SEGMENT) {
                continue;
            }
            long number = name.getValue().number();
            if (!segments.isEmpty() && segments.getLast().number() != number - 1) {
                report(
                        name.getKey(),
                        0,
                        "the segment before it is missing; the one found before it is "
                                + segments.getLast().name(),
                        Remedy.RESTORE);
            }
            segments.add(Segment.fromHeader(storage, name.getValue()));
            lastIsOpen = true;
        }
        segments.sort(Comparator.comparingLong(Segment::number));
    }

    // Records

    /** Reads the records of a segment. */
    End read(Segment segment, RecordHandler records) throws IOException {
        SegmentReader reader = new SegmentReader(storage, segment);
        Damage damage = segment.checkHeader(reader.readHeader());
        if (damage != null) {
            damageHandler.handle(damage);
            if (damage.remedy() == Remedy.UPGRADE) {
                return new End(0, null);
            }
        }
        boolean isOpen = isOpen(segment);
        long acknowledgedTo = acknowledgedOffset(segment);
        long offset = segment.headerBytes();
        while (offset < segment.sizeBytes()) {
            boolean mayBeTail = isOpen && offset >= acknowledgedTo;
            SegmentReader.Content content = reader.read(offset);
            if (isOpen && content instanceof Invalid) {
                reader = new SegmentReader(storage, segment); // a process may have been writing this record
                content = reader.read(offset);
            }
            switch (content) {
                case Valid record -> {
                    if (Payload.isKnown(record.payload())) {
                        records.accept(segment, record);
                    } else {
                        report(
                                segment.name(),
                                offset,
                                "a payload of kind " + Payload.kind(record.payload()) + " is not supported",
                                Remedy.UPGRADE);
                    }
                    offset += record.length();
                }
                case Zeros _ -> {
                    if (!mayBeTail) {
                        report(segment.name(), offset, "only zeros" + acknowledgedSuffix(isOpen), Remedy.RESTORE);
                    }
                    return new End(offset, null);
                }
                case Invalid invalid -> {
                    OptionalLong proof = mayBeTail ? reader.findProof(offset) : OptionalLong.empty();
                    if (mayBeTail && proof.isEmpty()) {
                        return new End(offset, invalid.reason());
                    }
                    String reason = proof.isPresent()
                            ? invalid.reason() + "; this is not a torn tail, because the record at byte "
                                    + proof.getAsLong() + " proves that it was forced"
                            : invalid.reason() + acknowledgedSuffix(isOpen);
                    report(segment.name(), offset, reason, Remedy.RESTORE);
                    OptionalLong next = reader.findRecord(offset + 1);
                    if (next.isEmpty()) {
                        return new End(offset, null);
                    }
                    offset = next.getAsLong();
                }
            }
        }
        if (isOpen && offset < acknowledgedTo) {
            report(segment.name(), offset, "the file ends here" + acknowledgedSuffix(true), Remedy.RESTORE);
        }
        return new End(offset, null);
    }

    private String acknowledgedSuffix(boolean isOpen) {
        return isOpen ? "; records up to byte " + acknowledged.offset() + " were acknowledged" : "";
    }
}
