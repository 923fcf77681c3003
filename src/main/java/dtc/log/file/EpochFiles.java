package dtc.log.file;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Creates the segments of this process and writes its manifest. Both use file names that contain the epoch of the
 * process, so no other process writes them. The next file of each kind is created in advance, so that a process that
 * has no file descriptors left can still complete a segment.
 */
final class EpochFiles {

    private final Storage storage;
    private final Claim claim;
    private final String unfinishedManifest;
    private boolean hasUnfinishedManifest;
    private boolean isManifestPartlyWritten;
    /** The next segment, if its file exists. The header may be incomplete. */
    private @Nullable Segment next;

    private boolean isNextComplete;

    EpochFiles(Storage storage, Claim claim) {
        this.storage = storage;
        this.claim = claim;
        this.unfinishedManifest = FileName.unfinishedManifest(claim.epoch());
    }

    /** Whether the next segment and manifest can be written without creating a file. */
    boolean isPrepared() {
        return isNextComplete && hasUnfinishedManifest;
    }

    /** Creates the files that are written next. */
    void prepare(long logId, long number) throws IOException, NotWrittenException {
        prepareManifest();
        prepareSegment(logId, number);
    }

    private void prepareManifest() throws NotWrittenException {
        if (!hasUnfinishedManifest) {
            try {
                storage.create(unfinishedManifest);
                hasUnfinishedManifest = true;
            } catch (IOException failure) {
                throw new NotWrittenException(failure);
            }
        }
    }

    private void prepareSegment(long logId, long number) throws IOException, NotWrittenException {
        if (isNextComplete) {
            return;
        }
        try {
            if (next == null) {
                Segment created = Segment.create(logId, number, claim.epoch());
                storage.create(created.name());
                next = created;
            }
            storage.write(next.name(), 0, next.encodeHeader());
        } catch (IOException failure) {
            throw new NotWrittenException(failure);
        }
        storage.force(next.name());
        storage.forceDirectory();
        isNextComplete = true;
    }

    /** Returns the next segment, empty and on the disk. The manifest must list it before its first record is forced. */
    Segment nextSegment(long logId, long number) throws IOException, NotWrittenException {
        prepareSegment(logId, number);
        Segment taken = next;
        if (taken == null) {
            throw new IllegalStateException("not prepared");
        }
        return taken;
    }

    /** Must be called after the manifest lists the next segment. {@link #nextSegment} then returns a new one. */
    void markSegmentListed() {
        next = null;
        isNextComplete = false;
    }

    /**
     * Replaces the manifest and forces it. Then checks the claim.
     *
     * @throws NotWrittenException if the old manifest is still valid
     */
    void write(Manifest manifest) throws IOException, NotWrittenException {
        prepareManifest();
        try {
            if (isManifestPartlyWritten) {
                storage.truncate(unfinishedManifest, 0);
            }
            isManifestPartlyWritten = true;
            storage.write(unfinishedManifest, 0, manifest.encode());
            isManifestPartlyWritten = false;
        } catch (IOException failure) {
            throw new NotWrittenException(failure);
        }
        storage.force(unfinishedManifest);
        storage.rename(unfinishedManifest, FileName.manifest(manifest.epoch()));
        hasUnfinishedManifest = false;
        storage.forceDirectory();
        claim.check();
    }

    /** Deletes the files that were created in advance. A file that remains is deleted at the next start. */
    void deleteUnused() throws IOException {
        if (next != null) {
            storage.delete(next.name());
        }
        if (hasUnfinishedManifest) {
            storage.delete(unfinishedManifest);
        }
    }
}
