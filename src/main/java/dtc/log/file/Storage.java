package dtc.log.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Stores the files of a file log, in a directory or on a simulated disk.
 *
 * <p>A crash of the machine may undo changes that were not forced. For a file, these are the writes and truncations
 * since the last {@link #force}: any part may be lost, and an earlier part may be lost while a later part is kept. For
 * file names, these are the creations, renames and deletions since the last {@link #forceDirectory}. A crash of the
 * process undoes nothing: the next process sees all changes, forced or not. A call that throws may have had a partial
 * effect. After a failed force the content of the disk is unknown, even if a second force succeeds, because the system
 * may have dropped the data.
 *
 * <p>A file stays open from its first use. If another process renames, deletes or replaces it, this process continues
 * to use the file that it opened; {@link #isInPlace} detects this.
 *
 * <p>Not thread-safe, except {@link #freeBytes}, which any thread may call.
 */
public interface Storage extends Closeable {

    /** Returns the name of this storage for messages. */
    String location();

    /**
     * Creates the storage if it does not exist, and locks it for this process until {@link #close}. Must be called
     * before any change; reading needs no lock. The lock may be removed or ignored by the system, so the log must be
     * correct without it.
     *
     * @throws IOException if locking fails, including if another process holds the lock; the message then says so
     */
    void lock() throws IOException;

    /** Returns the names of all entries, sorted. */
    List<String> names() throws IOException;

    /** Whether the entry is a file that can be opened, and not a directory or a link without a target. */
    boolean isFile(String name);

    /** Returns the size of a file in bytes. */
    long size(String name) throws IOException;

    /**
     * Reads up to {@code length} bytes from {@code offset}; fewer if the file is shorter. Returns a new buffer, ready
     * to be read.
     */
    ByteBuffer read(String name, long offset, int length) throws IOException;

    /** Creates and opens an empty file; fails if it exists. The other write methods do not open files. */
    void create(String name) throws IOException;

    /** Writes all remaining bytes at {@code offset}, which must not be beyond the end of the file. */
    void write(String name, long offset, ByteBuffer bytes) throws IOException;

    void truncate(String name, long size) throws IOException;

    /** Makes the content of the file durable. */
    void force(String name) throws IOException;

    /** Renames a file atomically. Replaces an existing file with the new name. */
    void rename(String from, String to) throws IOException;

    void delete(String name) throws IOException;

    /** Makes the file names durable. */
    void forceDirectory() throws IOException;

    /** Whether the file that this process opened under the name still has this name. */
    boolean isInPlace(String name) throws IOException;

    /** Returns the free space in bytes. */
    long freeBytes() throws IOException;

    /** Releases the lock. Does not force anything. */
    @Override
    void close() throws IOException;
}
