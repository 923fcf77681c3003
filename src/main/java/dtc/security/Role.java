package dtc.security;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** The roles of callers. A caller may have several. */
public enum Role {
    /** Begins transactions and reads its own. */
    CLIENT("dtc-client"),
    /** Registers the resource managers that it owns, and asks for outcomes. */
    RESOURCE_MANAGER("dtc-rm"),
    /** Reads the console. */
    VIEWER("dtc-viewer"),
    /** Reads everything and forces outcomes. */
    OPERATOR("dtc-operator"),
    /**
     * Sends messages to resource managers. Not granted by a token role: see
     * {@link Callers.Settings#coordinatorSubject}.
     */
    COORDINATOR("the coordinator");

    /** The roles that a token or the configuration may grant. */
    public static final Set<Role> OF_TOKENS =
            Collections.unmodifiableSet(EnumSet.of(CLIENT, RESOURCE_MANAGER, VIEWER, OPERATOR));

    /** The name in tokens and in the configuration. */
    private final String text;

    Role(String text) {
        this.text = text;
    }

    /** Returns the roles with these names. Ignores other names, because tokens may contain roles for other services. */
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
