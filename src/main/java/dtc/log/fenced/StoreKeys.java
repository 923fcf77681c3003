package dtc.log.fenced;

import java.util.Locale;

/**
 * The keys of one coordinator cluster in the shared store. Numbers are padded with zeros, so that keys sort by number.
 */
final class StoreKeys {

    private final String root;

    StoreKeys(String cluster) {
        if (cluster.isEmpty() || cluster.contains("/")) {
            throw new IllegalArgumentException("not a name of a cluster: " + cluster);
        }
        this.root = "dtc/" + cluster + "/";
    }

    /** The key of the {@link StoreIdentity}. */
    String store() {
        return root + "store";
    }

    /** The key of the next number to be issued. */
    String next() {
        return root + "next";
    }

    /** The prefix of all owner keys. */
    String owners() {
        return root + "owner/";
    }

    /** The key of the {@link Owner} of a number. */
    String owner(int number) {
        return owners() + padded(number);
    }

    /** Parses the number in an owner key. */
    int ownedNumber(String key) {
        return Integer.parseInt(key.substring(owners().length()));
    }

    /** The key of the sequence number of the newest batch in the log of a number. */
    String head(int number) {
        return root + "head/" + padded(number);
    }

    /** The prefix of the batches in the log of a number. */
    String log(int number) {
        return root + "log/" + padded(number) + "/";
    }

    /** The key of a {@link LogBatch} in the log of a number. */
    String batch(int number, long sequence) {
        return log(number) + String.format(Locale.ROOT, "%016d", sequence);
    }

    private static String padded(int number) {
        return String.format(Locale.ROOT, "%08d", number);
    }

    /** Returns the end of the range of keys with a prefix (exclusive). The prefix must end with an ASCII character. */
    static String after(String prefix) {
        int last = prefix.length() - 1;
        return prefix.substring(0, last) + (char) (prefix.charAt(last) + 1);
    }
}
