package dtc.security;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The roles that may call each path. The first matching rule applies. If no rule matches, protocol paths are denied to
 * all callers, and other paths require the operator role.
 */
final class AccessRules {

    private record Rule(
            Set<String> methods, Pattern path, @Nullable Set<Role> roles) {}

    private static final Set<String> READ = Set.of("GET", "HEAD");
    private static final Set<String> POST = Set.of("POST");
    private static final String ANY = "[^/]+";

    private static final List<Rule> RULES = List.of(
            rule(POST, "/transactions", Role.CLIENT),
            rule(POST, "/transactions/" + ANY + "/(writes|prepare|commit|rollback)", Role.CLIENT),
            rule(POST, "/transactions/" + ANY + "/rollback-only", Role.CLIENT, Role.RESOURCE_MANAGER),
            rule(Set.of("PUT"), "/transactions/" + ANY + "/participants/" + ANY, Role.CLIENT, Role.RESOURCE_MANAGER),
            rule(Set.of("POST", "DELETE"), "/transactions/" + ANY + "/participants/" + ANY + "/give-up", Role.OPERATOR),
            rule(Set.of("POST", "DELETE"), "/resource-managers/" + ANY + "/give-up", Role.OPERATOR),
            rule(READ, "/transactions/" + ANY + "/outcome", Role.RESOURCE_MANAGER, Role.OPERATOR),
            rule(READ, "/transactions(/" + ANY + ")?", Role.CLIENT, Role.OPERATOR),
            rule(READ, "/resource-managers(/" + ANY + ")?", Role.CLIENT, Role.RESOURCE_MANAGER, Role.OPERATOR),
            rule(Set.of("PUT", "DELETE"), "/resource-managers/" + ANY, Role.RESOURCE_MANAGER),
            rule(POST, "/rm/" + ANY + "/transactions/" + ANY + "/(writes|prepare|commit|rollback)", Role.COORDINATOR),
            rule(READ, "/rm/" + ANY + "/transactions", Role.COORDINATOR, Role.OPERATOR),
            rule(READ, "/rm/" + ANY + "/entries(/.+)?", Role.CLIENT, Role.OPERATOR),
            rule(POST, "/rm/" + ANY + "/batch", Role.COORDINATOR),
            rule(READ, "/(console(/.*)?)?", Role.VIEWER, Role.OPERATOR),
            rule(READ, "/_static/.+", Role.VIEWER, Role.OPERATOR), // the console's libraries
            new Rule(READ, Pattern.compile("/q/health(/" + ANY + ")?"), null));

    private static final Pattern PROTOCOL = Pattern.compile("/(transactions|resource-managers|rm)(/.*)?");

    private static final Set<Role> DENIED = Set.of();

    private AccessRules() {}

    private static Rule rule(Set<String> methods, String path, Role... roles) {
        return new Rule(methods, Pattern.compile(path), Set.of(roles));
    }

    /**
     * Returns the roles of which the caller needs at least one; null if no authentication is required.
     *
     * @param path normalized: without dot segments, and without percent-encoding of characters that do not need it
     */
    static @Nullable Set<Role> requiredRoles(String method, String path) {
        if (path.contains(";")) {
            return DENIED; // servers disagree on whether path parameters belong to the path; no valid path has any
        }
        String plain = path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        for (Rule rule : RULES) {
            if (rule.methods().contains(method) && rule.path().matcher(plain).matches()) {
                return rule.roles();
            }
        }
        return PROTOCOL.matcher(plain).matches() ? DENIED : Set.of(Role.OPERATOR);
    }
}
