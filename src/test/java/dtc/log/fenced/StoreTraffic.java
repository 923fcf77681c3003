package dtc.log.fenced;

import dtc.log.LogRecord;
import dtc.log.fenced.Txn.Operation;
import dtc.log.fenced.Txn.Operation.Delete;
import dtc.log.fenced.Txn.Operation.Get;
import dtc.log.fenced.Txn.Operation.Put;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Explains the requests to a store: what they are for, and which records they append. */
public final class StoreTraffic {

    private static final Pattern KEY = Pattern.compile("dtc/[^/]+/(\\w+)(?:/0*(\\d+))?(?:/0*(\\d+))?.*");

    private StoreTraffic() {}

    /** Names a transaction: what it is for, and the number that it is about. */
    public static String name(Txn txn) {
        Optional<String> batch = puts(txn, "log").findFirst();
        if (batch.isPresent()) {
            return "append " + batch.get();
        }
        if (puts(txn, "next").findAny().isPresent()) {
            return "create " + puts(txn, "owner").findFirst().orElse("");
        }
        Optional<String> owner = puts(txn, "owner").findFirst();
        if (owner.isPresent()) {
            return "seal " + owner.get();
        }
        if (puts(txn, "store").findAny().isPresent()) {
            return "identify";
        }
        for (Operation operation : txn.then()) {
            switch (operation) {
                case Delete(String key) -> {
                    return (kind(key).equals("owner") ? "finish " : "clean ") + numbers(key);
                }
                case Get(String key) -> {
                    return (txn.conditions().isEmpty() ? "read " : "reread ")
                            + txn.then().stream()
                                    .map(one -> one instanceof Get(String each) ? kind(each) + numbers(each) : "")
                                    .reduce((a, b) -> b)
                                    .orElse(key);
                }
                default -> {}
            }
        }
        throw new IllegalStateException("what is this for? " + txn);
    }

    /** Names the read of a range of keys. */
    public static String name(String from) {
        return kind(from).equals("owner") ? "list owners" : "read log " + numbers(from);
    }

    private static Stream<String> puts(Txn txn, String kind) {
        return txn.then().stream()
                .map(operation -> operation instanceof Put(String key, StoredValue _)
                                && kind(key).equals(kind)
                        ? numbers(key)
                        : null)
                .filter(Objects::nonNull);
    }

    private static Matcher parsed(String key) {
        Matcher matcher = KEY.matcher(key);
        if (!matcher.matches()) {
            throw new IllegalStateException("what is this key for? " + key);
        }
        return matcher;
    }

    private static String kind(String key) {
        return parsed(key).group(1);
    }

    private static String numbers(String key) {
        Matcher parts = parsed(key);
        return parts.group(2) == null
                ? ""
                : parts.group(3) == null ? parts.group(2) : parts.group(2) + "-" + parts.group(3);
    }

    /** The records that a transaction appends. */
    public static List<LogRecord> records(Txn txn) {
        List<LogRecord> records = new ArrayList<>();
        for (Operation operation : txn.then()) {
            if (operation instanceof Put(String key, StoredValue value)
                    && kind(key).equals("log")) {
                LogBatch.decode(value.bytes()).stream()
                        .map(BatchEntry::record)
                        .filter(Objects::nonNull)
                        .forEach(records::add);
            }
        }
        return records;
    }

    /** The numbers with an owner key. */
    public static List<Integer> issued(MemoryKeyValueStore store) {
        return store.keys("/owner/").stream()
                .map(key -> Integer.valueOf(numbers(key)))
                .toList();
    }
}
