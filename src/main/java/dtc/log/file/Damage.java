package dtc.log.file;

/**
 * A reason why a log cannot be opened.
 *
 * @param offset the offset of the first damaged byte in the file
 */
record Damage(String file, long offset, String reason, Remedy remedy) {

    enum Remedy {
        /** The content is lost unless the file is restored. */
        RESTORE,
        /** The file was written by a later version of the program. */
        UPGRADE,
        /** The entry does not belong in the directory. */
        MOVE,
        /** The name contains non-ASCII digits. */
        RENAME
    }
}
