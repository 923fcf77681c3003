package dtc.console;

import dtc.coordinator.Transaction;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The actions of operators. Each requires a reason and is recorded by {@link Audit}. */
public enum Action {
    ROLL_BACK("Roll back", "rollback"),
    RETRY("Retry now", "retry"),
    RESOLVE("Mark as resolved", "resolve"),
    REMOVE("Remove", "remove"),
    GIVE_UP("Give up", "give-up"),
    /** Available in the API only. */
    DISCARD("Discard", "discard");

    private final String title;
    private final String path;

    Action(String title, String path) {
        this.title = title;
        this.path = path;
    }

    static Optional<Action> parse(String path) {
        return Stream.of(values()).filter(action -> action.path.equals(path)).findFirst();
    }

    /** The actions that have an effect on the transaction now. To give up is an action on one of its participants. */
    static List<Action> of(Transaction t) {
        return switch (t.state()) {
            case ACTIVE, MARKED_ROLLBACK, PREPARING -> List.of(ROLL_BACK);
            case DELEGATED, RESOLVING, COMMITTING, ROLLING_BACK -> List.of(RETRY, GIVE_UP);
            case HEURISTIC -> t.resolution() == null ? List.of(RESOLVE) : List.of();
            case DECIDING, DELEGATING, COMMITTED, ROLLED_BACK -> List.of();
        };
    }

    public String title() {
        return title;
    }

    /** The last segment of the path of its pages. */
    public String path() {
        return path;
    }
}
