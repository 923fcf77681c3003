package dtc.security;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** What a caller may be. One may be several. */
public enum Role {
    /** Begins transactions, and sees its own. */
    CLIENT("dtc-client"),
    /** Registers the resource managers that it owns, and asks for outcomes. */
    RESOURCE_MANAGER("dtc-rm"),
    /** Looks at the console. */
    VIEWER("dtc-viewer"),
    /** Reads all, and forces outcomes. */
    OPERATOR("dtc-operator"),
    /** Tells resource managers what to do. No role of a token: see {@link Callers.Settings#coordinatorSubject}. */
    COORDINATOR("the coordinator");

    /** Those that a token or the configuration may name. */
    public static final Set<Role> OF_TOKENS =
            Collections.unmodifiableSet(EnumSet.of(CLIENT, RESOURCE_MANAGER, VIEWER, OPERATOR));

    /** As it stands in tokens and in the configuration. */
    private final String text;

    Role(String text) {
        this.text = text;
    }

    /** Those of the names that are roles; a token may hold others, which are for others. */
    public static Set<Role> named(Set<String> names) {
        Set<Role> roles = EnumSet.noneOf(Role.class);
        OF_TOKENS.stream().filter(role -> names.contains(role.text)).forEach(roles::add);
        return roles;
    }

    @Override
    public String toString() {
        return text;
    }
}
