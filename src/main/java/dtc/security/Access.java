package dtc.security;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who may call what. The first line that fits decides. What fits none is nobody's below the paths of the protocol, and
 * the operator's elsewhere.
 */
final class Access {

    private record Rule(
            Set<String> methods, Pattern path, @Nullable Set<Role> roles) {}

    private static final Set<String> READ = Set.of("GET", "HEAD");
    private static final Set<String> POST = Set.of("POST");
    private static final String ONE = "[^/]+";

    private static final List<Rule> RULES = List.of(
            rule(POST, "/transactions", Role.CLIENT),
            rule(POST, "/transactions/" + ONE + "/(writes|prepare|commit|rollback)", Role.CLIENT),
            rule(READ, "/transactions/" + ONE + "/outcome", Role.RESOURCE_MANAGER, Role.OPERATOR),
            rule(READ, "/transactions(/" + ONE + ")?", Role.CLIENT, Role.OPERATOR),
            rule(READ, "/resource-managers(/" + ONE + ")?", Role.CLIENT, Role.RESOURCE_MANAGER, Role.OPERATOR),
            rule(Set.of("PUT", "DELETE"), "/resource-managers/" + ONE, Role.RESOURCE_MANAGER),
            rule(POST, "/rm/" + ONE + "/transactions/" + ONE + "/(writes|prepare|commit|rollback)", Role.COORDINATOR),
            rule(READ, "/rm/" + ONE + "/transactions", Role.COORDINATOR, Role.OPERATOR),
            rule(READ, "/rm/" + ONE + "/entries(/.+)?", Role.CLIENT, Role.OPERATOR),
            rule(POST, "/rm/" + ONE + "/batch", Role.COORDINATOR),
            rule(READ, "/(console(/.*)?)?", Role.VIEWER, Role.OPERATOR),
            rule(READ, "/_static/.+", Role.VIEWER, Role.OPERATOR), // the console's libraries
            new Rule(READ, Pattern.compile("/q/health(/" + ONE + ")?"), null));

    private static final Pattern PROTOCOL = Pattern.compile("/(transactions|resource-managers|rm)(/.*)?");

    private static final Set<Role> NOBODY = Set.of();

    private Access() {}

    private static Rule rule(Set<String> methods, String path, Role... roles) {
        return new Rule(methods, Pattern.compile(path), Set.of(roles));
    }

    /**
     * One of these is needed; null where nobody is asked.
     *
     * @param path normalized: what is in it literally is what it means
     */
    static @Nullable Set<Role> needed(String method, String path) {
        if (path.contains(";")) {
            return NOBODY; // what is behind it is part of the path to some, and not to others; no path of ours has any
        }
        String plain = path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        for (Rule rule : RULES) {
            if (rule.methods().contains(method) && rule.path().matcher(plain).matches()) {
                return rule.roles();
            }
        }
        return PROTOCOL.matcher(plain).matches() ? NOBODY : Set.of(Role.OPERATOR);
    }
}
