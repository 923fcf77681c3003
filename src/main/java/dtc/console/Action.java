package dtc.console;

/** What an operator may do. Each needs a reason, and leaves an entry in the {@link Audit}. */
public enum Action {
    ROLL_BACK("Roll back", "rollback"),
    DELIVER("Try again now", "deliver"),
    RESOLVE("Mark as resolved", "resolve"),
    REMOVE("Remove", "remove"),
    GIVE_UP("Give up", "give-up"),
    /** Offered by the API only. */
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

    /** The last step of the path of its pages. */
    public String path() {
        return path;
    }
}
