package dtc.log.fenced;

/**
 * The owner of a number, as stored under its owner key.
 *
 * @param claim random, new at each creation and each seal. Only its process may append to the log of the number
 * @param holder the number of the process that holds this number; the number itself until it is sealed
 * @param formats the formats of batches that the holder uses
 * @param address where other replicas reach the holder
 */
public record Owner(String claim, int holder, Formats formats, String address) {

    private static final int FIELDS = 6;

    /**
     * Formats of batches.
     *
     * @param oldest the oldest format that the process reads
     * @param newest the newest format that the process reads
     * @param written the newest format in the log of the number
     */
    public record Formats(int oldest, int newest, int written) {

        /** The formats of this version. */
        public static final Formats SUPPORTED = new Formats(LogBatch.FORMAT, LogBatch.FORMAT, LogBatch.FORMAT);

        /** Whether a process with these formats can read a log that another process has written. */
        boolean canRead(Formats other) {
            return other.written >= oldest && other.written <= newest;
        }
    }

    public Owner {
        if (claim.contains(" ") || address.contains(" ")) {
            throw new IllegalArgumentException("a claim or an address must not contain spaces");
        }
    }

    /** Fields are separated by spaces. Later versions may add fields at the end. */
    StoredValue encode() {
        return StoredValue.of(String.join(
                " ",
                claim,
                Integer.toString(holder),
                Integer.toString(formats.oldest),
                Integer.toString(formats.newest),
                Integer.toString(formats.written),
                address));
    }

    /** @throws IllegalArgumentException if this is not an owner */
    static Owner decode(StoredValue value) {
        String[] fields = value.text().split(" ", -1);
        if (fields.length < FIELDS) {
            throw new IllegalArgumentException("not an owner: " + value);
        }
        return new Owner(
                fields[0],
                Integer.parseInt(fields[1]),
                new Formats(Integer.parseInt(fields[2]), Integer.parseInt(fields[3]), Integer.parseInt(fields[4])),
                fields[5]);
    }
}
