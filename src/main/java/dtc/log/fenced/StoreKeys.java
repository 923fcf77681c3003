package dtc.log.fenced;

import java.util.Locale;

/** The keys of one cluster of coordinators. Numbers have leading zeros, so that keys sort by number. */
final class StoreKeys {

    private final String root;

    StoreKeys(String cluster) {
        if (cluster.isEmpty() || cluster.contains("/")) {
            throw new IllegalArgumentException("not a name of a cluster: " + cluster);
        }
        this.root = "dtc/" + cluster + "/";
    }

    /** The {@link StoreIdentity}. */
    String store() {
        return root + "store";
    }

    /** The next number to be issued. */
    String next() {
        return root + "next";
    }

    String owners() {
        return root + "owner/";
    }

    /** The {@link Owner} of a number. */
    String owner(int number) {
        return owners() + number(number);
    }

    int ownedNumber(String key) {
        return Integer.parseInt(key.substring(owners().length()));
    }

    /** The sequence number of the newest batch of a number. */
    String head(int number) {
        return root + "head/" + number(number);
    }

    String log(int number) {
        return root + "log/" + number(number) + "/";
    }

    /** A {@link LogBatch} of a number. */
    String batch(int number, long sequence) {
        return log(number) + String.format(Locale.ROOT, "%016d", sequence);
    }

    private static String number(int number) {
        return String.format(Locale.ROOT, "%08d", number);
    }

    /** The first key after all keys with the prefix, which must end with a character of ASCII. */
    static String after(String prefix) {
        int last = prefix.length() - 1;
        return prefix.substring(0, last) + (char) (prefix.charAt(last) + 1);
    }
}
