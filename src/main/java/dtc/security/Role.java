package dtc.security;

/** What a caller may be. One may be several. */
public enum Role {
    /** Begins transactions, and sees its own. */
    CLIENT("dtc-client"),
    /** Registers the resource managers that it owns, and asks for outcomes. */
    RESOURCE_MANAGER("dtc-rm"),
    /** Reads all, and forces outcomes. */
    OPERATOR("dtc-operator"),
    /** Tells resource managers what to do. No role of a token: see {@link Callers.Settings#coordinatorSubject}. */
    COORDINATOR("the coordinator");

    /** As it stands in tokens and in the configuration. */
    private final String text;

    Role(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
