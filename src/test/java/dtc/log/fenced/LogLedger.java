package dtc.log.fenced;

import dtc.log.AppendResult;
import dtc.protocol.TransactionId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What was appended to the log of a number and what was read from it, with the rules for both. */
final class LogLedger {

    private final Map<TransactionId, List<Version>> versions = new HashMap<>();
    private final List<View> views = new ArrayList<>();
    private final List<Version> all = new ArrayList<>();
    private long terms;
    private int numbers;
    /** The first rule that was violated. */
    private @Nullable String violation;

    /** A record of an id. A later version has a higher number. */
    static final class Version {
        private final int number;
        private final TransactionId id;
        private final long term;
        private final UnreliableStore.Client client;
        private boolean lazy;
        private boolean forgotten;
        private @Nullable AppendResult result;
        private long storedMillis;

        private Version(int number, TransactionId id, long term, UnreliableStore.Client client) {
            this.number = number;
            this.id = id;
            this.term = term;
            this.client = client;
        }

        int number() {
            return number;
        }

        void isLazy() {
            lazy = true;
        }

        /** The record with the id is forgotten instead. */
        void isForgotten() {
            forgotten = true;
        }

        private boolean isStored() {
            return result instanceof AppendResult.Stored;
        }

        private boolean isRefused() {
            return result instanceof AppendResult.Refused;
        }

        @Override
        public String toString() {
            return "version %s of %s by the process of term %s".formatted(number, id, term);
        }
    }

    /** The content of the log as one process has read it. */
    private record View(long term, Map<TransactionId, Integer> newest) {}

    long nextTerm() {
        return ++terms;
    }

    Version append(long term, TransactionId id, UnreliableStore.Client client) {
        Version version = new Version(++numbers, id, term, client);
        versions.computeIfAbsent(id, _ -> new ArrayList<>()).add(version);
        all.add(version);
        return version;
    }

    void appended(Version version, AppendResult result, long millis) {
        version.result = result;
        switch (result) {
            case AppendResult.Stored() -> {
                version.storedMillis = millis;
                for (View view : views) {
                    if (view.term > version.term && isMissing(version, view)) {
                        violated("a record is not stored after another process has read the log", version.toString());
                    }
                }
            }
            case AppendResult.Refused _ -> {
                for (View view : views) {
                    checkNotRefused(version, view);
                }
            }
            case AppendResult.Fenced() -> {}
            case AppendResult.Unknown() -> violated("no result is unknown", version.toString());
        }
    }

    /** @param readMillis when the last page was read */
    void viewed(long term, Map<TransactionId, Integer> newest, long readMillis) {
        View view = new View(term, newest);
        for (Version version : all) {
            if (version.isStored() && version.storedMillis <= readMillis && isMissing(version, view)) {
                violated("a stored record is read by the next process", version + " is missing in " + newest);
            }
            if (version.isRefused()) {
                checkNotRefused(version, view);
            }
        }
        views.add(view);
    }

    /** Whether the view contains neither this version nor a newer one, and no newer one may have been forgotten. */
    private boolean isMissing(Version version, View view) {
        Integer newest = view.newest.get(version.id);
        if (newest != null) {
            return newest < version.number;
        }
        return versions.getOrDefault(version.id, List.of()).stream()
                .noneMatch(other -> other.forgotten && other.number > version.number);
    }

    private void checkNotRefused(Version version, View view) {
        Integer newest = view.newest.get(version.id);
        if (newest != null && newest == version.number) {
            violated("a refused record is never read", version.toString());
        }
    }

    /** Each append by a process that lives on has a result. */
    void checkAnswered() {
        for (Version version : all) {
            boolean isOpen = version.result == null && !version.lazy && !version.forgotten;
            if (isOpen && !version.client.isEnded()) {
                violated("an append has a result", version.toString());
            }
        }
    }

    void violated(String rule, String details) {
        if (violation == null) {
            violation = rule + ": " + details;
        }
    }

    @Nullable
    String violation() {
        return violation;
    }

    int stored() {
        return (int) all.stream().filter(Version::isStored).count();
    }

    int refused() {
        return (int) all.stream().filter(Version::isRefused).count();
    }

    int fenced() {
        return (int) all.stream()
                .filter(version -> version.result instanceof AppendResult.Fenced)
                .count();
    }
}
