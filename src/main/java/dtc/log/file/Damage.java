package dtc.log.file;

/**
 * A reason why a log cannot be opened.
 *
 * @param offset the first byte in the file that is damaged
 */
record Damage(String file, long offset, String reason, Remedy remedy) {

    enum Remedy {
        /** The content is lost unless the file is restored. */
        RESTORE,
        /** A later version of the program has written it. */
        UPGRADE,
        /** The entry does not belong there. */
        MOVE,
        /** The name has digits that are not ASCII. */
        RENAME
    }
}
