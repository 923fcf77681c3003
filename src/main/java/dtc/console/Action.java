package dtc.console;

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

    public String title() {
        return title;
    }

    /** The last segment of the path of its pages. */
    public String path() {
        return path;
    }
}
