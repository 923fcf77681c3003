package dtc.simulation;

import dtc.protocol.Condition;
import dtc.protocol.JsonText;
import dtc.protocol.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a client asks of the coordinator. Prints as the text that it is read from. */
sealed interface Ask {

    /** The client's name for the transaction; empty where it is about none. */
    String transaction();

    /** One word and what it is about: names the message. */
    String subject();

    /**
     * A write: to which resource manager and key.
     *
     * @param value {@link Ledger#DELETE}, {@link Ledger#CHECK} to leave the value, or JSON
     * @param condition {@link Ledger#ABSENT} or JSON; null for none
     */
    record Write(
            String resourceManager,
            String key,
            String value,
            @Nullable String condition) {

        Write(String resourceManager, String key, String value) {
            this(resourceManager, key, value, null);
        }

        Update update() {
            return switch (value) {
                case Ledger.DELETE -> new Update.Delete();
                case Ledger.CHECK -> new Update.None();
                default -> new Update.Put(new JsonText(value));
            };
        }

        @Nullable
        Condition holds() {
            return condition == null
                    ? null
                    : condition.equals(Ledger.ABSENT)
                            ? new Condition.Absent()
                            : new Condition.HasValue(new JsonText(condition));
        }

        @Override
        public String toString() {
            return resourceManager + " " + key + " " + value + (condition == null ? "" : " if " + condition);
        }
    }

    /**
     * Begins.
     *
     * @param timeoutMillis how long it may stay active; 0 for the default
     * @param key the Idempotency-Key; null for none
     */
    record Begin(
            String transaction,
            long timeoutMillis,
            @Nullable String key) implements Ask {
        @Override
        public String subject() {
            return "begin " + transaction;
        }

        @Override
        public String toString() {
            return subject() + (timeoutMillis == 0 ? "" : ", timeout " + timeoutMillis) + keyed(key);
        }
    }

    /** All in one call. */
    record Run(
            String transaction,
            List<Write> writes,
            @Nullable String key) implements Ask {
        @Override
        public String subject() {
            return "run " + transaction;
        }

        @Override
        public String toString() {
            return subject() + ": " + writes.stream().map(Write::toString).collect(Collectors.joining(" + "))
                    + keyed(key);
        }
    }

    record Put(String transaction, Write write) implements Ask {
        @Override
        public String subject() {
            return "write " + transaction + " " + write;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** Calls the service of a resource manager, which enlists itself and then writes. */
    record Call(String transaction, Write write) implements Ask {
        /** Whether the sums of accounts do not depend on it. */
        boolean mayBeMissing() {
            return write.key().startsWith("only");
        }

        @Override
        public String subject() {
            return "call " + transaction + " " + write;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    record RollbackOnly(String transaction) implements Ask {
        @Override
        public String subject() {
            return "rollback-only " + transaction;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    record Prepare(String transaction) implements Ask {
        @Override
        public String subject() {
            return "prepare " + transaction;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    record Commit(String transaction) implements Ask {
        @Override
        public String subject() {
            return "commit " + transaction;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    record Rollback(String transaction) implements Ask {
        @Override
        public String subject() {
            return "rollback " + transaction;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    record Get(String transaction) implements Ask {
        @Override
        public String subject() {
            return "get " + transaction;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    record ListAll() implements Ask {
        @Override
        public String transaction() {
            return "";
        }

        @Override
        public String subject() {
            return "list";
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** An operator rolls it back, with a reason. */
    record Stop(String transaction) implements Ask {
        @Override
        public String subject() {
            return "stop " + transaction;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** An operator has every try made now that waits. */
    record Deliver(String transaction) implements Ask {
        @Override
        public String subject() {
            return "deliver " + transaction;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** An operator has looked after its heuristic outcome. */
    record Resolve(String transaction) implements Ask {
        @Override
        public String subject() {
            return "resolve " + transaction;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** An operator takes a resource manager whose lease has lapsed from the registry. */
    record Remove(String resourceManager) implements Ask {
        @Override
        public String transaction() {
            return "";
        }

        @Override
        public String subject() {
            return "remove " + resourceManager;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** An operator gives up the participant. */
    record GiveUp(String transaction, String resourceManager) implements Ask {
        @Override
        public String subject() {
            return "give up " + transaction + " at " + resourceManager;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** An operator discards the commit that was given up. */
    record Discard(String transaction, String resourceManager) implements Ask {
        @Override
        public String subject() {
            return "discard " + transaction + " at " + resourceManager;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** An operator gives up all that is not delivered to the resource manager. */
    record GiveUpAll(String resourceManager) implements Ask {
        @Override
        public String transaction() {
            return "";
        }

        @Override
        public String subject() {
            return "give up all at " + resourceManager;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** An operator discards all commits to the resource manager that were given up. */
    record DiscardAll(String resourceManager) implements Ask {
        @Override
        public String transaction() {
            return "";
        }

        @Override
        public String subject() {
            return "discard all at " + resourceManager;
        }

        @Override
        public String toString() {
            return subject();
        }
    }

    /** Asks nothing for so long. */
    record Wait(long millis) implements Ask {
        @Override
        public String transaction() {
            return "";
        }

        @Override
        public String subject() {
            return "wait";
        }

        @Override
        public String toString() {
            return "wait " + millis;
        }
    }

    private static String keyed(@Nullable String key) {
        return key == null ? "" : ", key " + key;
    }

    record Form(Pattern pattern, Function<MatchResult, Ask> reading) {}

    private static Form form(String regex, Function<MatchResult, Ask> reading) {
        return new Form(Pattern.compile(regex), reading);
    }

    List<Form> FORMS = List.of(
            form(
                    "begin (\\S+?)(?:, timeout (\\d+))?(?:, key (\\S+))?",
                    m -> new Begin(m.group(1), m.group(2) == null ? 0 : Long.parseLong(m.group(2)), m.group(3))),
            form("run (\\S+): (.+?)(?:, key (\\S+))?", m -> new Run(m.group(1), writes(m.group(2)), m.group(3))),
            form(
                    "write (\\S+) (\\S+ \\S+ \\S+(?: if \\S+)?)",
                    m -> new Put(m.group(1), writes(m.group(2)).getFirst())),
            form(
                    "call (\\S+) (\\S+ \\S+ \\S+(?: if \\S+)?)",
                    m -> new Call(m.group(1), writes(m.group(2)).getFirst())),
            form("rollback-only (\\S+)", m -> new RollbackOnly(m.group(1))),
            form("prepare (\\S+)", m -> new Prepare(m.group(1))),
            form("commit (\\S+)", m -> new Commit(m.group(1))),
            form("rollback (\\S+)", m -> new Rollback(m.group(1))),
            form("get (\\S+)", m -> new Get(m.group(1))),
            form("stop (\\S+)", m -> new Stop(m.group(1))),
            form("deliver (\\S+)", m -> new Deliver(m.group(1))),
            form("resolve (\\S+)", m -> new Resolve(m.group(1))),
            form("remove (\\S+)", m -> new Remove(m.group(1))),
            form("give up all at (\\S+)", m -> new GiveUpAll(m.group(1))),
            form("discard all at (\\S+)", m -> new DiscardAll(m.group(1))),
            form("give up (\\S+) at (\\S+)", m -> new GiveUp(m.group(1), m.group(2))),
            form("discard (\\S+) at (\\S+)", m -> new Discard(m.group(1), m.group(2))),
            form("list", _ -> new ListAll()),
            form("wait (\\d+)", m -> new Wait(Long.parseLong(m.group(1)))));

    private static List<Write> writes(String text) {
        List<Write> writes = new ArrayList<>();
        for (String write : text.split(" \\+ ", -1)) {
            String[] words = write.split(" ", -1);
            writes.add(new Write(words[0], words[1], words[2], words.length > 3 ? words[4] : null));
        }
        return List.copyOf(writes);
    }

    static Ask parse(String text) {
        for (Form form : FORMS) {
            Matcher matcher = form.pattern().matcher(text);
            if (matcher.matches()) {
                return form.reading().apply(matcher);
            }
        }
        throw new IllegalArgumentException("no client can ask this: " + text);
    }
}
